DELETE FROM list_dropped WHERE list_id = :id AND at < :before
