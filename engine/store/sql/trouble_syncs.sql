-- The newest sync of each audience and destination, if it failed or is held.
SELECT s.audience_id, s.destination_id, y.state, y.reason FROM stream AS s
JOIN audience AS a ON a.id = s.audience_id
JOIN sync AS y ON y.id = (SELECT max(id) FROM sync WHERE stream_id = s.id AND state <> 'superseded')
WHERE y.state IN ('failed', 'held') AND (NOT a.deleted OR y.run_id = 0)
