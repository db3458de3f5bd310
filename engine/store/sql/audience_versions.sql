SELECT v.version, v.saved_at, v.saved_by, v.summary, v.rule_hash, v.document
FROM audience_version AS v
WHERE v.audience_id = :id
ORDER BY v.version
