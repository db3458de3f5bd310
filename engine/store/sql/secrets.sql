SELECT name, kept_in, saved_by, saved_at FROM secret ORDER BY name
