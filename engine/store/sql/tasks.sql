SELECT id, due, cause, audiences, state, attempt, not_before, run_id, summary, created_at, started_at, finished_at FROM task ORDER BY id DESC LIMIT :most
