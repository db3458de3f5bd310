INSERT INTO quality_result (run, table_name, check_id, at, data_version, value, state, sentence)
VALUES (:run, :table_name, :check_id, :at, :data_version, :value, :state, :sentence);
