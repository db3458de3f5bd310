SELECT table_name, check_id, reason, who, at, until FROM quality_accepted ORDER BY 1, 2;
