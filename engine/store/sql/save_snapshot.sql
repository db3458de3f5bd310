INSERT OR REPLACE INTO snapshot
    (audience_id, run_id, site, version, rule_hash, epoch, size, added, removed, base, members)
VALUES (:audience_id, :run_id, :site, :version, :rule_hash, :epoch, :size, :added, :removed, :base, :members)
