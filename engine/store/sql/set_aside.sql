-- Why people of a sync were not taken, and how many.
SELECT m.outcome, count(*) FROM batch_member AS m JOIN batch AS b ON b.id = m.batch_id
WHERE b.sync_id = :sync_id AND b.state = 'done' AND b.operation = 'add' AND m.outcome <> 'sent'
GROUP BY m.outcome ORDER BY count(*) DESC, m.outcome LIMIT 10
