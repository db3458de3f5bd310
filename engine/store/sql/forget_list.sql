DELETE FROM list WHERE id = :id
