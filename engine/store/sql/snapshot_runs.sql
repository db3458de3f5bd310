SELECT s.audience_id, s.run_id, r.started_at
FROM snapshot AS s
JOIN run AS r ON r.id = s.run_id
WHERE r.state = 'done'
GROUP BY s.audience_id, s.run_id
ORDER BY s.audience_id, unixepoch(r.as_of, 'subsec'), s.run_id
