UPDATE task SET state = 'queued', not_before = :now WHERE id = :id AND state = 'running'
