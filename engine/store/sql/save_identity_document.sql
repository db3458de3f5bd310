INSERT INTO identity_documents (version, saved_at, saved_by, document)
VALUES ((SELECT coalesce(max(version), 0) + 1 FROM identity_documents), :saved_at, :saved_by, :document);
