INSERT OR REPLACE INTO list_dropped (list_id, key, since, version, at) VALUES (:id, :key, :since, :version, :at)
