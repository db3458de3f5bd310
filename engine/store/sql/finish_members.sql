UPDATE batch_member SET payload = NULL, outcome = 'sent' WHERE batch_id = :batch_id
