DELETE FROM batch_member WHERE batch_id IN (
    SELECT b.id FROM batch AS b JOIN sync AS y ON y.id = b.sync_id
    WHERE y.state IN ('done', 'superseded') AND y.finished_at < :before
)
