UPDATE schedule SET paused = :paused WHERE audience_id = :audience_id RETURNING audience_id
