SELECT key, payload, at FROM delivered
WHERE stream_id = :stream_id AND key IN (SELECT value FROM json_each(:keys)) ORDER BY key
