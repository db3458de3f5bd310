-- The sizes of a run's audiences, in that run and in those of the same weekday in the weeks before it.
SELECT s.audience_id, date(r.as_of), s.run_id, sum(s.size) FROM snapshot AS s JOIN run AS r ON r.id = s.run_id
WHERE r.state = 'done' AND strftime('%w', r.as_of) = strftime('%w', :as_of)
  AND unixepoch(r.as_of) BETWEEN unixepoch(:as_of) - 36 * 86400 AND unixepoch(:as_of)
  AND s.audience_id IN (SELECT audience_id FROM snapshot WHERE run_id = :run_id)
GROUP BY s.audience_id, s.run_id ORDER BY s.audience_id, unixepoch(r.as_of), s.run_id
