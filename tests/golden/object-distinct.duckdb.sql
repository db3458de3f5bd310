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
    "p"."user_id" IN (
      SELECT
        "o"."user_id"
      FROM (
        SELECT
          *
        FROM "main"."cards"
      ) AS "o"
      WHERE
        NOT "o"."user_id" IS NULL
      GROUP BY
        "o"."user_id"
      HAVING
        COUNT(DISTINCT "o"."brand") >= $2
    )
  )
ORDER BY
  "key";
-- $1 = 'MLB'
-- $2 = 2
