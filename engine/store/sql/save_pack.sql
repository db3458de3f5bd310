INSERT INTO pack (name, bytes) VALUES (:name, :bytes)
ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes
RETURNING id
