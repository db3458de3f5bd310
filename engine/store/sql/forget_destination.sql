DELETE FROM destination WHERE id = :id
