UPDATE batch_member SET outcome = 'sent' WHERE batch_id = :batch_id
