SELECT key, payload FROM rejected WHERE stream_id = :stream_id
