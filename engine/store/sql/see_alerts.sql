UPDATE alert SET seen_at = :at WHERE seen_at IS NULL
