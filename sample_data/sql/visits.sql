CREATE TEMP TABLE raw_visits AS
SELECT
    p.user_id,
    n,
    moment(p.user_id, n, 'visit', getvariable('utc_offsets')[site_index]) AS ts,
    CASE WHEN u(p.user_id, n, 'cat') < 0.25 * likes_phones THEN 0
        ELSE getvariable('category_of')[1 + floor(4096 * u(p.user_id, n, 'category'))::INTEGER] END AS category_index,
    u(p.user_id, n, 'what') AS what,
    site_index
FROM person AS p, range(p.visits) AS t(n);

CREATE TEMP TABLE visits AS
SELECT
    user_id,
    CASE WHEN what < 0.7 THEN 'view' WHEN what < 0.9 THEN 'search' ELSE 'cart' END AS event_type,
    ts,
    getvariable('categories')[category_index + 1] AS category,
    CASE WHEN what < 0.7 OR what >= 0.9
        THEN category_index * 1000 + floor(1000 * u(user_id, n, 'product') ^ 3)::INTEGER END AS product_id,
    NULL::DECIMAL(14, 2) AS amount,
    pick(['app', 'web', 'web'], u(user_id, n, 'channel')) AS channel,
    site_index
FROM raw_visits;
