SELECT audience_id, as_of, landed, received_at, at, run_id FROM following
