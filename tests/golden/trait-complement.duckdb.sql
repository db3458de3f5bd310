SELECT
  "p"."user_id" AS "key"
FROM (
  SELECT
    *
  FROM "main"."users"
) AS "p"
WHERE
  "p"."site_id" IN ($1) AND (
    NOT (
      "p"."age" IN ($2, $3)
    ) IS TRUE
  )
ORDER BY
  "key";
-- $1 = 'MLB'
-- $2 = 1
-- $3 = 2
