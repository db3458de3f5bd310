SELECT 1 FROM sync WHERE run_id = :run_id AND state NOT IN ('done', 'superseded') LIMIT 1
