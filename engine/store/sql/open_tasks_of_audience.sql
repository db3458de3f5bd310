SELECT t.id, t.state FROM task_audience AS o JOIN task AS t ON t.id = o.task_id WHERE o.audience_id = :audience_id ORDER BY t.id
