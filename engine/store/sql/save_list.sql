INSERT INTO list (id, saved_at, saved_by, size) VALUES (:id, :saved_at, :saved_by, :size)
