SELECT id, kind, subject, message, opened_at, closed_at, seen_at FROM alert
WHERE :open = 0 OR closed_at IS NULL ORDER BY closed_at IS NOT NULL, id DESC LIMIT :most
