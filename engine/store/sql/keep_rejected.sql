INSERT INTO rejected (stream_id, key, payload, reason)
SELECT :stream_id, key, payload, :reason FROM batch_member WHERE batch_id = :batch_id AND place = :place
ON CONFLICT (stream_id, key) DO UPDATE SET payload = excluded.payload, reason = excluded.reason
