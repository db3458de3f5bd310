INSERT INTO following (audience_id, as_of, landed, received_at, at, run_id)
VALUES (:audience_id, :as_of, :landed, :received_at, :at, :run_id)
ON CONFLICT (audience_id) DO UPDATE SET as_of = excluded.as_of, landed = excluded.landed,
    received_at = coalesce(excluded.received_at, received_at), at = excluded.at, run_id = excluded.run_id
