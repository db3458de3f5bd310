SELECT id, number, part, operation, state FROM batch WHERE sync_id = :sync_id ORDER BY number, part
