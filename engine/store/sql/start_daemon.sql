INSERT INTO daemon (id, fence, pid, host, started_at, beat_at) VALUES (1, 1, :pid, :host, :now, :now)
ON CONFLICT (id) DO UPDATE SET fence = fence + 1, pid = :pid, host = :host, started_at = :now, beat_at = :now, stopped_at = NULL
RETURNING fence
