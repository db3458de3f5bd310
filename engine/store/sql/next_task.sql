SELECT id FROM task WHERE state = 'queued' AND not_before <= :now ORDER BY id LIMIT 1
