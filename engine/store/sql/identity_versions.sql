SELECT version, saved_at, saved_by, document FROM identity_documents ORDER BY version DESC;
