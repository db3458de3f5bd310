-- Before means at an earlier moment, not run earlier: a moment filled in later changes nothing that came after it.
WITH placed AS (
    SELECT id, row_number() OVER (ORDER BY unixepoch(as_of, 'subsec'), id) AS place
    FROM run WHERE state = 'done' OR id = :before
), newest AS (
    SELECT o.audience_id, max(p.place) AS place
    FROM snapshot AS o JOIN placed AS p ON p.id = o.run_id
    WHERE o.site = :site AND p.place < (SELECT place FROM placed WHERE id = :before)
    GROUP BY o.audience_id
)
SELECT s.audience_id, s.run_id, s.rule_hash, s.epoch, s.size, s.base, s.members
FROM newest AS n
JOIN placed AS p ON p.place = n.place
JOIN snapshot AS s ON s.run_id = p.id AND s.audience_id = n.audience_id
WHERE s.site = :site
