DELETE FROM run WHERE id = :id AND NOT EXISTS (SELECT 1 FROM snapshot WHERE run_id = :id)
    AND NOT EXISTS (SELECT 1 FROM run_failure WHERE run_id = :id)
