SELECT s.run_id, r.as_of, r.data_version, s.site, s.version, s.rule_hash, s.epoch, s.size, s.added, s.removed,
    s.base, s.members, r.started_at
FROM snapshot AS s
JOIN run AS r ON r.id = s.run_id
WHERE s.audience_id = :audience_id AND r.state = 'done'
ORDER BY unixepoch(r.as_of, 'subsec'), s.run_id, s.site
