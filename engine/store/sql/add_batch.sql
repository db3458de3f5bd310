INSERT INTO batch (id, sync_id, number, part, operation, state) VALUES (:id, :sync_id, :number, :part, :operation, 'planned')
