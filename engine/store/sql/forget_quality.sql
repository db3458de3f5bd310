DELETE FROM quality_result WHERE at < :before AND run < (SELECT max(run) FROM quality_result AS other WHERE other.table_name = quality_result.table_name);
