UPDATE sync SET state = :state, attempt = :attempt, not_before = :not_before, reason = :reason, summary = :summary,
finished_at = :finished_at WHERE id = :id
