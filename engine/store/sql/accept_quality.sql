INSERT OR REPLACE INTO quality_accepted (table_name, check_id, reason, who, at, until)
VALUES (:table_name, :check_id, :reason, :who, :at, :until);
