INSERT INTO counter (key, site, file, sha256, facts, run_id) VALUES (:key, :site, :file, :sha256, :facts, :run_id)
ON CONFLICT (key) DO UPDATE SET file = excluded.file, sha256 = excluded.sha256, facts = excluded.facts,
    run_id = excluded.run_id
