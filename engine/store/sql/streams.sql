SELECT id, audience_id, destination_id FROM stream ORDER BY id
