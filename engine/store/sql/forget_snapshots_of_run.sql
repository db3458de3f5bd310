DELETE FROM snapshot WHERE run_id = :run_id AND audience_id = :audience_id
