DELETE FROM task WHERE state IN ('done', 'failed', 'cancelled') AND finished_at < :before
