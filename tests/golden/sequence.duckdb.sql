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
      WITH "step_0" AS (
        SELECT DISTINCT
          "e"."user_id" AS "profile",
          TIMEZONE('UTC', "e"."ts") AS "time",
          "e"."product_id" AS "carry_0_product_id"
        FROM (
          SELECT
            *
          FROM "main"."events"
          WHERE
            (
              event_type = 'view'
            )
        ) AS "e"
        WHERE
          (
            (
              NOT "e"."user_id" IS NULL AND "e"."ts" >= $3
            )
            AND (
              "e"."ts" < $2 AND NOT "e"."product_id" IS NULL
            )
          )
      ), "reach_0" AS (
        SELECT
          *
        FROM "step_0"
      ), "step_1" AS (
        SELECT DISTINCT
          "e"."user_id" AS "profile",
          TIMEZONE('UTC', "e"."ts") AS "time",
          "e"."product_id" AS "same_product_id"
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
              "e"."ts" < $2 AND NOT "e"."product_id" IS NULL
            )
          )
      ), "between_1" AS (
        SELECT DISTINCT
          "e"."user_id" AS "profile",
          TIMEZONE('UTC', "e"."ts") AS "time"
        FROM (
          SELECT
            *
          FROM "main"."events"
          WHERE
            (
              event_type = 'return'
            )
        ) AS "e"
        WHERE
          (
            NOT "e"."user_id" IS NULL AND (
              "e"."ts" >= $3 AND "e"."ts" < $2
            )
          )
      ), "reach_1" AS (
        SELECT DISTINCT
          "now"."profile" AS "profile",
          "now"."time" AS "time"
        FROM (
          SELECT
            "one".*,
            "other"."time" AS "blocked"
          FROM "step_1" AS "one"
          ASOF LEFT JOIN "between_1" AS "other"
            ON (
              "one"."profile" = "other"."profile" AND "one"."time" > "other"."time"
            )
        ) AS "now"
        ASOF JOIN "reach_0" AS "before"
          ON (
            "now"."profile" = "before"."profile"
            AND (
              "now"."same_product_id" = "before"."carry_0_product_id"
              AND "now"."time" > "before"."time"
            )
          )
        WHERE
          (
            "now"."time" <= "before"."time" + TO_SECONDS(604800)
            AND (
              "now"."blocked" IS NULL OR "now"."blocked" <= "before"."time"
            )
          )
      )
      SELECT
        "profile"
      FROM "reach_1"
    )
  )
ORDER BY
  "key";
-- $1 = 'MLB'
-- $2 = datetime.datetime(2026, 6, 15, 12, 0)
-- $3 = datetime.datetime(2026, 5, 16, 12, 0)
