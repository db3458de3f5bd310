SELECT key, payload FROM batch_member WHERE batch_id = :batch_id ORDER BY place
