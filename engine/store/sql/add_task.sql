INSERT INTO task (due, cause, audiences, state, not_before, created_at)
VALUES (:due, :cause, :audiences, 'queued', :not_before, :created_at) RETURNING id
