SELECT id, started_at, finished_at, state, version, summary, reason FROM identity_runs ORDER BY id DESC LIMIT :most;
