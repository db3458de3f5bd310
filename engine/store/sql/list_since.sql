-- The keys of a list, and those it lost, with the version that had them first.
SELECT key, since, 1 FROM list_member WHERE list_id = :id UNION ALL SELECT key, since, 0 FROM list_dropped WHERE list_id = :id
