DELETE FROM identity_decisions WHERE id = :id;
