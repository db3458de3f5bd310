-- Audiences that failed in a run later than their newest snapshot.
SELECT f.audience_id, f.error FROM run_failure AS f JOIN audience AS a ON a.id = f.audience_id AND NOT a.deleted
WHERE f.run_id = (SELECT max(run_id) FROM run_failure WHERE audience_id = f.audience_id)
  AND f.run_id > coalesce((SELECT max(run_id) FROM snapshot WHERE audience_id = f.audience_id), 0)
