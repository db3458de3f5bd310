SELECT a.id, v.version, v.saved_at, v.saved_by, a.origin, v.rule_hash, v.document, v.parsed
FROM audience AS a
JOIN audience_version AS v ON v.audience_id = a.id AND v.version = a.version
WHERE NOT a.deleted AND a.id > :after
ORDER BY a.id
LIMIT :most
