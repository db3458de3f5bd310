INSERT INTO identity_decisions (what, one, other, reason, at, by, before)
VALUES (:what, :one, :other, :reason, :at, :by, :before) RETURNING id
