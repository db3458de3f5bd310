-- The newest task that ended by itself, if it failed as a whole.
SELECT id, summary FROM task WHERE id = (SELECT max(id) FROM task WHERE state IN ('done', 'failed'))
  AND state = 'failed' AND run_id IS NULL
