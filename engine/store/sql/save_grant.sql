INSERT INTO granted (what, name, user, place, granted_by, granted_at)
VALUES (:what, :name, :user, :place, :by, :at)
ON CONFLICT DO NOTHING
