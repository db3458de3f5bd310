-- Syncs that were done since a moment: what was sent, what of it was rejected, and why.
SELECT s.audience_id, s.destination_id,
  (SELECT count(*) FROM batch_member AS m JOIN batch AS b ON b.id = m.batch_id WHERE b.sync_id = y.id),
  (SELECT count(*) FROM batch_member AS m JOIN batch AS b ON b.id = m.batch_id
   WHERE b.sync_id = y.id AND m.outcome <> 'sent'), y.reason
FROM sync AS y JOIN stream AS s ON s.id = y.stream_id
WHERE y.state = 'done' AND y.finished_at >= :since ORDER BY y.id
