-- Two roads to a purchase: a cart that is paid for (a third of them), and an ad click that caused one (the planted truth).
CREATE TEMP TABLE bought AS
SELECT user_id, ts + to_minutes(1 + floor(90 * u(user_id, n, 'pay'))::BIGINT) AS ts,
    category_index, n, site_index, FALSE AS caused, 'organic' AS cause
FROM raw_visits
WHERE what >= 0.9 AND u(user_id, n, 'buys') < 0.34
UNION ALL
SELECT user_id, ts + to_minutes(30 + floor(7200 * u(user_id, n, 'later') ^ 2)::BIGINT),
    category_index, 100000 + n, site_index, TRUE, getvariable('ad_channels')[channel_index]
FROM impressions
WHERE clicked AND u(user_id, n, 'caused') < getvariable('ad_lifts')[channel_index];

INSERT INTO truth.caused_purchase
SELECT user_id, ts, getvariable('categories')[category_index + 1] AS category, cause AS channel FROM bought WHERE caused;

CREATE TEMP TABLE paid AS
SELECT user_id, ts, n, site_index, getvariable('categories')[category_index + 1] AS category,
    category_index * 1000 + floor(1000 * u(user_id, n, 'bought') ^ 3)::INTEGER AS product_id,
    greatest(1, round(getvariable('price_levels')[site_index]
        * (4 + 260 * u(user_id, n, 'price') ^ 3 * (1 + 3 * (hash(category_index) % 5) / 4.0)), 2))::DECIMAL(14, 2) AS amount,
    pick(['credit_card', 'credit_card', 'credit_card', 'debit_card', 'wallet', 'transfer', 'cash'], u(user_id, n, 'method')) AS method
FROM bought
WHERE ts < getvariable('until')::TIMESTAMP;

CREATE TEMP TABLE orders AS
SELECT user_id, 'purchase' AS event_type, ts, category, product_id, amount,
    pick(['app', 'web', 'web'], u(user_id, n, 'channel')) AS channel, site_index FROM paid
UNION ALL
SELECT user_id, 'payment', ts + to_seconds(5 + floor(200 * u(user_id, n, 'paid'))::BIGINT), category, product_id, amount, method, site_index
FROM paid
UNION ALL
SELECT user_id, 'refund', ts + to_hours(12 + floor(400 * u(user_id, n, 'back'))::BIGINT), category, product_id, amount, method, site_index
FROM paid WHERE u(user_id, n, 'refund') < 0.04;
