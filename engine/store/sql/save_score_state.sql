INSERT INTO score_state (id, state, version, as_of, told) VALUES (:id, :state, :version, :as_of, :told)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, version = excluded.version, as_of = excluded.as_of, told = excluded.told
