UPDATE identity_runs SET state = 'failed', finished_at = :at, reason = 'it was interrupted' WHERE state = 'running';
