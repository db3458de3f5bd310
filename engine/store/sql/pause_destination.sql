UPDATE destination SET paused = :paused WHERE id = :id RETURNING id
