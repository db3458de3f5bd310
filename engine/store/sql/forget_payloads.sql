UPDATE batch_member SET payload = NULL WHERE batch_id = :batch_id AND payload IS NOT NULL
