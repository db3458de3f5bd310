DELETE FROM bitmap WHERE id = :id
