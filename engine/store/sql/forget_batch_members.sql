DELETE FROM batch_member WHERE batch_id IN (SELECT id FROM batch WHERE sync_id = :sync_id AND state = 'planned')
