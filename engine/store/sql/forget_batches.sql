DELETE FROM batch WHERE sync_id = :sync_id AND state = 'planned'
