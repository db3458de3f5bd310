SELECT id, name, hash, scopes, created_at, expires_at, revoked_at FROM token WHERE id = :id
