INSERT INTO erased_keys (key, at) VALUES (:key, :at) ON CONFLICT (key) DO NOTHING;
