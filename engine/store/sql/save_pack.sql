INSERT INTO pack (name, bytes) VALUES (:name, :bytes) RETURNING id
