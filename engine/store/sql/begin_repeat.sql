INSERT INTO repeat (key, token, fingerprint, process, created_at) VALUES (:key, :token, :fingerprint, :process, :at)
ON CONFLICT (token, key) DO UPDATE SET process = excluded.process
