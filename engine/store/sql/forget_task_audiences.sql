DELETE FROM task_audience WHERE task_id = :task_id
