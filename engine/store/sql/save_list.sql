INSERT INTO list (id, saved_at, saved_by, size, sha256) VALUES (:id, :saved_at, :saved_by, :size, :sha256)
