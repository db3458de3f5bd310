SELECT id, reference FROM batch WHERE sync_id = :sync_id AND reference IS NOT NULL ORDER BY number, part
