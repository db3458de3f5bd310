UPDATE identity_runs SET finished_at = :finished_at, state = :state, summary = :summary, reason = :reason WHERE id = :id;
