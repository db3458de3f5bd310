SELECT count(*) FROM list_dropped WHERE list_id = :id AND version > :version AND since <= :known
