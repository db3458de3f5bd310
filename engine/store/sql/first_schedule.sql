SELECT min(fires_at) FROM schedule WHERE fires_at IS NOT NULL AND NOT paused
