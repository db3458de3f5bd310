SELECT table_name, check_id, at, data_version, value, state, sentence FROM quality_result AS one
WHERE run = (SELECT max(run) FROM quality_result AS other WHERE other.table_name = one.table_name) ORDER BY table_name, check_id;
