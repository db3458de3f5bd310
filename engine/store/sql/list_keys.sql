SELECT key FROM list_member WHERE list_id = :id ORDER BY key
