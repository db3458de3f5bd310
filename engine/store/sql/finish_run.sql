UPDATE run SET finished_at = :finished_at, state = :state, report = :report WHERE id = :id
