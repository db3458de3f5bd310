INSERT INTO batch_member (batch_id, place, key, payload) VALUES (:batch_id, :place, :key, :payload)
