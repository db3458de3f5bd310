SELECT
  "p"."user_id" AS "key"
FROM (
  SELECT
    *
  FROM "main"."users"
) AS "p"
WHERE
  "p"."site_id" IN ($1) AND (
    "p"."state" IN ($2, $3)
  )
ORDER BY
  "key";
-- $1 = 'MLB'
-- $2 = 'SP'
-- $3 = 'RJ'
