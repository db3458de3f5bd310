SELECT y.id, y.stream_id, s.audience_id, s.destination_id, y.run_id, y.state, y.allow_removals, y.attempt, y.not_before,
y.reason, y.summary, y.created_at, y.finished_at
FROM sync AS y JOIN stream AS s ON s.id = y.stream_id
WHERE (:audience_id IS NULL OR s.audience_id = :audience_id) ORDER BY y.id DESC LIMIT :most
