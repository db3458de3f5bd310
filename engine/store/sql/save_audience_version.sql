INSERT INTO audience_version (audience_id, version, saved_at, saved_by, summary, rule_hash, document, parsed)
VALUES (:id, :version, :saved_at, :saved_by, :summary, :rule_hash, :document, :parsed)
