INSERT INTO model_version (version, saved_at, saved_by, document)
VALUES ((SELECT coalesce(max(version), 0) + 1 FROM model_version), :saved_at, :saved_by, :document)
