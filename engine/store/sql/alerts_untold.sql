SELECT id, kind, subject, message, opened_at, closed_at, seen_at FROM alert
WHERE (told = '' AND closed_at IS NULL) OR (told = 'opened' AND closed_at IS NOT NULL) ORDER BY id
