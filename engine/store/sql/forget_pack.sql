DELETE FROM pack WHERE id = :id
