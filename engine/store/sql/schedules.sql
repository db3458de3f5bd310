SELECT audience_id, version, kind, last_due, fires_at, paused FROM schedule ORDER BY audience_id
