SELECT b.sent_at FROM batch AS b JOIN sync AS y ON y.id = b.sync_id JOIN stream AS s ON s.id = y.stream_id
WHERE s.destination_id = :destination_id AND b.sent_at > :since ORDER BY b.sent_at
