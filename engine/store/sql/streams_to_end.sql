-- Audiences and destinations where somebody is still on record, though the audience does not name the destination any
-- more or is deleted; without those whose end is queued or held already.
SELECT s.audience_id, s.destination_id FROM stream AS s JOIN destination AS d ON d.id = s.destination_id
WHERE NOT EXISTS (SELECT 1 FROM audience AS a
                  JOIN audience_version AS v ON v.audience_id = a.id AND v.version = a.version
                  WHERE a.id = s.audience_id AND NOT a.deleted
                  AND (v.parsed IS NULL OR EXISTS (SELECT 1 FROM json_each(v.parsed, '$.destinations')
                                                   WHERE value = s.destination_id)))
  AND EXISTS (SELECT 1 FROM delivered WHERE stream_id = s.id)
  AND NOT EXISTS (SELECT 1 FROM sync AS y WHERE y.stream_id = s.id AND y.run_id = 0
                  AND y.state IN ('queued', 'planned', 'held', 'failed'))
ORDER BY s.id
