SELECT s.audience_id, s.fires_at FROM schedule AS s JOIN audience AS a ON a.id = s.audience_id AND NOT a.deleted
WHERE s.fires_at < :before AND NOT s.paused
  AND NOT EXISTS (SELECT 1 FROM task_audience AS t JOIN task ON task.id = t.task_id
                  WHERE t.audience_id = s.audience_id AND task.state = 'running')
ORDER BY s.fires_at
