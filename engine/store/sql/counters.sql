SELECT key, file, run_id FROM counter
