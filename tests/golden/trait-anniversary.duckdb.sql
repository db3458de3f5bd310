SELECT
  "p"."user_id" AS "key"
FROM (
  SELECT
    *
  FROM "main"."users"
) AS "p"
WHERE
  "p"."site_id" IN ($1)
  AND (
    (
      MONTH("p"."birth") * 100 + DAY("p"."birth")
    ) IN (615, 616, 617)
  )
ORDER BY
  "key";
-- $1 = 'MLB'
