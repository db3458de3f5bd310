SELECT version, saved_at, saved_by, document FROM model_version ORDER BY version DESC LIMIT 1
