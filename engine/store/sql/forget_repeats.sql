DELETE FROM repeat WHERE created_at < :before
