INSERT OR REPLACE INTO run_failure (run_id, audience_id, error) VALUES (:run_id, :audience_id, :error)
