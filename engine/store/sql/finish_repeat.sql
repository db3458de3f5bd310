UPDATE repeat SET status = :status, media_type = :media_type, body = :body WHERE token = :token AND key = :key
