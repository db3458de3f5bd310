INSERT INTO stream (audience_id, destination_id) VALUES (:audience_id, :destination_id)
ON CONFLICT (audience_id, destination_id) DO UPDATE SET audience_id = excluded.audience_id RETURNING id
