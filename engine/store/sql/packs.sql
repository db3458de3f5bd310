SELECT id, name, bytes FROM pack ORDER BY id
