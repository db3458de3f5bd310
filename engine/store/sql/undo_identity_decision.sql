UPDATE identity_decisions SET undone_at = :at WHERE id = :id;
