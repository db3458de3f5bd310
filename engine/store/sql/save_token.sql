INSERT INTO token (id, name, hash, scopes, created_at, expires_at) VALUES (:id, :name, :hash, :scopes, :created_at, :expires_at)
