DELETE FROM alert WHERE closed_at < :before
