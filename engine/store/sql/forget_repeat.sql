DELETE FROM repeat WHERE token = :token AND key = :key AND status IS NULL
