UPDATE daemon SET beat_at = :now WHERE fence = :fence RETURNING fence
