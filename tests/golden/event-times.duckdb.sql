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
        "e"."user_id"
      FROM (
        SELECT
          *
        FROM "main"."events"
        WHERE
          (
            event_type = 'purchase'
          )
      ) AS "e"
      WHERE
        (
          (
            NOT "e"."user_id" IS NULL AND "e"."ts" >= $3
          )
          AND (
            "e"."ts" < $2 AND "e"."category" = $4
          )
        )
      GROUP BY
        "e"."user_id"
      HAVING
        COUNT(*) >= $5
    )
  )
ORDER BY
  "key";
-- $1 = 'MLB'
-- $2 = datetime.datetime(2026, 6, 15, 12, 0)
-- $3 = datetime.datetime(2026, 3, 17, 12, 0)
-- $4 = 'phones'
-- $5 = 2
