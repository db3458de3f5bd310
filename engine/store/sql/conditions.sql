SELECT key, bitmap, run_id FROM condition
