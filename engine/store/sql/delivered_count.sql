SELECT count(*) FROM delivered WHERE stream_id = :stream_id
