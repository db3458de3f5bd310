SELECT fence, pid, host, started_at, beat_at, stopped_at, data_version FROM daemon
