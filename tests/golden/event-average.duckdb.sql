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
          NOT "e"."user_id" IS NULL AND "e"."ts" < $2
        )
      GROUP BY
        "e"."user_id"
      HAVING
        SUM("e"."amount") >= $3 * COUNT("e"."amount")
    )
  )
ORDER BY
  "key";
-- $1 = 'MLB'
-- $2 = datetime.datetime(2026, 6, 15, 12, 0)
-- $3 = Decimal('19.90')
