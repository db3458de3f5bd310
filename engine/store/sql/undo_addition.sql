UPDATE delivered SET at = NULL WHERE stream_id = :stream_id
AND key IN (SELECT key FROM batch_member WHERE batch_id = :batch_id)
