INSERT OR IGNORE INTO list_member (list_id, key, since) VALUES (:id, :key, :since)
