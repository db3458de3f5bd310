SELECT a.id, a.version, s.version FROM audience AS a LEFT JOIN schedule AS s ON s.audience_id = a.id
WHERE NOT a.deleted AND a.version IS NOT s.version
UNION ALL
SELECT s.audience_id, NULL, s.version FROM schedule AS s LEFT JOIN audience AS a ON a.id = s.audience_id AND NOT a.deleted
WHERE a.id IS NULL
