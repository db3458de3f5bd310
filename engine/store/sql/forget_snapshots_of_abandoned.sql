DELETE FROM snapshot WHERE run_id = :run_id
