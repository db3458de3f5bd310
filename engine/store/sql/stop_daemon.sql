UPDATE daemon SET stopped_at = :now WHERE fence = :fence
