SELECT audience_id, error FROM run_failure WHERE run_id = :run_id ORDER BY audience_id
