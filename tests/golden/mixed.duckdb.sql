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
      LEFT(SHA256(CONCAT($2, CAST("p"."user_id" AS TEXT))), 8) < $3
    )
    OR (
      (
        "p"."user_id" IN (
          SELECT
            "q"."key"
          FROM (
            SELECT user_id FROM cards
          ) AS "q"("key")
          WHERE
            NOT "q"."key" IS NULL
        )
      )
      OR NOT (
        (
          "p"."vip" = $4
        )
      ) IS TRUE
    )
  )
ORDER BY
  "key";
-- $1 = 'MLB'
-- $2 = 'a:'
-- $3 = '19999999'
-- $4 = True
