INSERT OR REPLACE INTO verified_keys (identity, profiles) VALUES (:identity, :profiles)
