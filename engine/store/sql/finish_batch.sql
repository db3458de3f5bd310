UPDATE batch SET state = 'done', sent_at = :at WHERE id = :id
