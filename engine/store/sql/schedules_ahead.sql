SELECT audience_id, version, kind, last_due, fires_at, paused FROM schedule
WHERE fires_at IS NOT NULL AND last_due > :limit ORDER BY audience_id
