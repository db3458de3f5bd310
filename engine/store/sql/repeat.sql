SELECT fingerprint, process, status, media_type, body FROM repeat WHERE token = :token AND key = :key
