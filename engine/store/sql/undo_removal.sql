INSERT INTO delivered (stream_id, key, payload)
SELECT :stream_id, key, payload FROM batch_member WHERE batch_id = :batch_id AND payload IS NOT NULL
ON CONFLICT (stream_id, key) DO NOTHING
