SELECT audience_id, version, kind, last_due, fires_at, paused FROM schedule
WHERE fires_at IS NOT NULL AND NOT paused AND fires_at <= :now ORDER BY fires_at, audience_id
