SELECT what, name, user, place, granted_by, granted_at FROM granted ORDER BY what, name, user, place
