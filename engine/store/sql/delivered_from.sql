SELECT key, payload, at FROM delivered WHERE stream_id = :stream_id AND key > :after ORDER BY key LIMIT :most
