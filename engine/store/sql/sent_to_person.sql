SELECT b.sent_at, s.audience_id, s.destination_id, b.operation, m.outcome, b.id
FROM batch_member AS m JOIN batch AS b ON b.id = m.batch_id JOIN sync AS y ON y.id = b.sync_id JOIN stream AS s ON s.id = y.stream_id
WHERE m.key = :key AND b.state = 'done' ORDER BY y.id, b.number, b.part
