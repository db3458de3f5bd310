SELECT y.id FROM sync AS y JOIN stream AS s ON s.id = y.stream_id JOIN destination AS d ON d.id = s.destination_id
WHERE y.state IN ('queued', 'planned') AND y.not_before <= :now AND NOT d.paused
AND (d.open_until IS NULL OR d.open_until <= :now)
AND NOT EXISTS (SELECT 1 FROM sync AS o WHERE o.stream_id = y.stream_id AND o.id < y.id AND o.state IN ('queued', 'planned'))
ORDER BY y.id
