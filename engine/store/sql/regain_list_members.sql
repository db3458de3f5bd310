DELETE FROM list_dropped WHERE list_id = :id
AND key IN (SELECT key FROM list_member WHERE list_id = :id)
