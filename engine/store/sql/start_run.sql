INSERT INTO run (as_of, data_version, started_at, state, wanted)
VALUES (:as_of, :data_version, :started_at, 'running', :wanted) RETURNING id
