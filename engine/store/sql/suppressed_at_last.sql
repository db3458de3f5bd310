-- What a stream suppressed, as its newest sync that was planned has it.
SELECT summary FROM sync
WHERE stream_id = :stream_id AND json_extract(summary, '$.suppressing') IS NOT NULL ORDER BY id DESC LIMIT 1
