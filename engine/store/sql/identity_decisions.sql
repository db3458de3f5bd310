SELECT id, what, one, other, reason, at, by, undone_at, before FROM identity_decisions ORDER BY id
