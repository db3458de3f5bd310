UPDATE task SET state = 'running', attempt = attempt + 1, fence = :fence, started_at = :now
WHERE id = :id AND state = 'queued' AND :fence = (SELECT fence FROM daemon) RETURNING id
