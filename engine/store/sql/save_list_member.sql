INSERT OR IGNORE INTO list_member (list_id, key) VALUES (:id, :key)
