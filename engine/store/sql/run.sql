SELECT id, as_of, data_version, started_at, finished_at, state, wanted, report FROM run WHERE id = :id
