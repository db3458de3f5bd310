SELECT at, value, state FROM quality_result WHERE table_name = :table_name AND check_id = :check_id ORDER BY run DESC LIMIT :most;
