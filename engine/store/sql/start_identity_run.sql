INSERT INTO identity_runs (started_at, state, version) VALUES (:started_at, 'running', :version) RETURNING id;
