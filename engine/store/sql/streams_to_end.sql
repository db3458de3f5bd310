-- Audiences and destinations where somebody is still on record, and whose end is not queued or held yet.
SELECT s.id, s.audience_id, s.destination_id FROM stream AS s JOIN destination AS d ON d.id = s.destination_id
WHERE EXISTS (SELECT 1 FROM delivered WHERE stream_id = s.id)
  AND NOT EXISTS (SELECT 1 FROM sync AS y WHERE y.stream_id = s.id AND y.run_id = 0
                  AND y.state IN ('queued', 'planned', 'held', 'failed'))
ORDER BY s.id
