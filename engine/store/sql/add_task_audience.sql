INSERT INTO task_audience (audience_id, task_id) VALUES (:audience_id, :task_id)
