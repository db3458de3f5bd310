INSERT INTO delivered (stream_id, key, payload, at)
SELECT :stream_id, key, payload, :at FROM batch_member WHERE batch_id = :batch_id
ON CONFLICT (stream_id, key) DO UPDATE SET payload = excluded.payload, at = excluded.at
