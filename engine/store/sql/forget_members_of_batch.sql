DELETE FROM batch_member WHERE batch_id = :id
