SELECT audience_id, site, size, added, removed FROM snapshot WHERE run_id = :run_id ORDER BY audience_id, site
