UPDATE alert SET closed_at = :at WHERE kind = :kind AND subject = :subject AND closed_at IS NULL
