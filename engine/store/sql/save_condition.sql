INSERT INTO condition (key, site, bitmap, inverted, run_id) VALUES (:key, :site, :bitmap, :inverted, :run_id)
ON CONFLICT (key) DO UPDATE SET bitmap = excluded.bitmap, inverted = excluded.inverted, run_id = excluded.run_id
