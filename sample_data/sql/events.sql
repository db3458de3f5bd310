CREATE TEMP TABLE happened AS
WITH everything AS (
    SELECT * FROM visits UNION ALL SELECT * FROM advertising UNION ALL SELECT * FROM email UNION ALL SELECT * FROM orders
)
SELECT
    getvariable('sites')[site_index] AS site_id,
    event_type,
    user_id,
    ts,
    category,
    product_id,
    amount,
    channel,
    -- Visits of one profile on one day are one session.
    CASE WHEN event_type IN ('view', 'search', 'cart', 'purchase')
        THEN user_id * 1000 + date_diff('day', ts::DATE, getvariable('until')::DATE) END AS session_id
FROM everything
WHERE ts < getvariable('until')::TIMESTAMP;

INSERT INTO events FROM happened ORDER BY event_type, category, user_id, ts;

INSERT INTO sessions
SELECT session_id, any_value(user_id) AS user_id, min(ts) AS started_at, max(ts) AS ended_at, count(*)::INTEGER AS events,
    'D' || any_value(user_id) || '-0' AS device_id
FROM happened
WHERE session_id IS NOT NULL
GROUP BY session_id;

DROP TABLE raw_visits; DROP TABLE visits; DROP TABLE impressions; DROP TABLE advertising;
DROP TABLE letters; DROP TABLE email; DROP TABLE bought; DROP TABLE paid; DROP TABLE orders;
DROP TABLE happened; DROP TABLE person;
