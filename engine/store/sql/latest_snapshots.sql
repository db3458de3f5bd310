SELECT s.audience_id, s.run_id, s.rule_hash, s.epoch, s.size, s.base, s.members
FROM snapshot AS s
JOIN (
    SELECT o.audience_id, max(o.run_id) AS run_id
    FROM snapshot AS o
    JOIN run AS r ON r.id = o.run_id
    WHERE o.site = :site AND o.run_id < :before AND r.state = 'done'
    GROUP BY o.audience_id
) AS newest ON newest.audience_id = s.audience_id AND newest.run_id = s.run_id
WHERE s.site = :site
