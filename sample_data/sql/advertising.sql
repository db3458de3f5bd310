CREATE TEMP TABLE impressions AS
SELECT
    p.user_id,
    n,
    moment(p.user_id, n, 'ad', getvariable('utc_offsets')[site_index]) AS ts,
    1 + floor(len(getvariable('ad_channels')) * u(p.user_id, n, 'ad channel'))::INTEGER AS channel_index,
    getvariable('category_of')[1 + floor(4096 * u(p.user_id, n, 'ad category'))::INTEGER] AS category_index,
    u(p.user_id, n, 'click') < 0.12 AS clicked,
    site_index
FROM person AS p, range(CASE WHEN u(p.user_id, 0, 'reached') < 0.6 THEN (3 + p.visits / 12)::INTEGER ELSE 0 END) AS t(n);

CREATE TEMP TABLE advertising AS
SELECT user_id, 'ad_impression' AS event_type, ts, getvariable('categories')[category_index + 1] AS category,
    NULL::INTEGER AS product_id, NULL::DECIMAL(14, 2) AS amount, getvariable('ad_channels')[channel_index] AS channel, site_index
FROM impressions
UNION ALL
SELECT user_id, 'ad_click', ts + to_seconds(2 + floor(60 * u(user_id, n, 'clicked'))::BIGINT),
    getvariable('categories')[category_index + 1], NULL, NULL, getvariable('ad_channels')[channel_index], site_index
FROM impressions
WHERE clicked;

CREATE TEMP TABLE letters AS
SELECT p.user_id, n, site_index,
    moment(p.user_id, n, 'mail', getvariable('utc_offsets')[site_index]) AS ts,
    u(p.user_id, n, 'open') AS opened
FROM person AS p, range(4) AS t(n)
WHERE wants_email(p.user_id);

CREATE TEMP TABLE email AS
SELECT user_id, 'email_sent' AS event_type, ts, NULL::VARCHAR AS category, NULL::INTEGER AS product_id,
    NULL::DECIMAL(14, 2) AS amount, 'email' AS channel, site_index FROM letters
UNION ALL
SELECT user_id, 'email_open', ts + to_minutes(floor(600 * u(user_id, n, 'opened'))::BIGINT), NULL, NULL, NULL, 'email', site_index
FROM letters WHERE opened < 0.32
UNION ALL
SELECT user_id, 'email_click', ts + to_minutes(2 + floor(600 * u(user_id, n, 'opened'))::BIGINT), NULL, NULL, NULL, 'email', site_index
FROM letters WHERE opened < 0.06;
