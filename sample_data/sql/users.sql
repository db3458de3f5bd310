-- The profiles of this slice; everything else is drawn from them.
CREATE TEMP TABLE person AS
SELECT
    user_id,
    -- One profile in 25 is a second account of the person before it.
    CASE WHEN user_id > 1 AND u(user_id, 0, 'twin') < 0.04 THEN user_id - 1 ELSE user_id END AS person_id,
    u(user_id, 0, 'phones') ^ 3 AS likes_phones,
    1 + getvariable('site_of')[1 + floor(4096 * u(user_id - (user_id % 25), 0, 'site'))::INTEGER] AS site_index,
    -- Heavy-tailed activity: most visit now and then, a few every day.
    least(600, floor(4.0 / (0.008 + u(user_id, 0, 'active')) ^ 0.85))::INTEGER AS visits
FROM range(getvariable('first'), getvariable('past')) AS t(user_id);

INSERT INTO truth.person FROM person;

INSERT INTO users
SELECT
    user_id,
    getvariable('sites')[site_index] AS site_id,
    getvariable('states')[site_index][1 + floor(len(getvariable('states')[site_index]) * u(user_id, 0, 'state') ^ 1.8)::INTEGER] AS state,
    CASE WHEN u(user_id, 0, 'b?') < 0.88
        THEN getvariable('until')::DATE - (6570 + floor(19000 * u(user_id, 0, 'birth') ^ 1.4)::INTEGER) END AS birth_date,
    CASE WHEN u(user_id, 0, 'b?') < 0.88
        THEN floor((6570 + floor(19000 * u(user_id, 0, 'birth') ^ 1.4)) / 365.25)::INTEGER END AS age,
    CASE WHEN u(user_id, 0, 'g?') < 0.9 THEN pick(['female', 'female', 'male', 'male', 'other'], u(user_id, 0, 'gender')) END AS gender,
    getvariable('until')::TIMESTAMP - to_minutes(floor(1440 * 2200 * u(user_id, 0, 'since') ^ 1.3)::BIGINT) AS registered_at,
    floor(6 * u(user_id, 0, 'loyal') ^ 2.2)::INTEGER + 1 AS loyalty_level,
    u(user_id, 0, 'app') < 0.45 AS uses_app,
    CASE WHEN u(user_id, 0, 'seller') < 0.06 THEN round((5 * u(user_id, 0, 'rating') ^ 0.3), 2)::DECIMAL(4, 2) END AS seller_rating
FROM person
ORDER BY site_id, user_id;

INSERT INTO consents
SELECT
    user_id,
    u(user_id, 0, 'c1') < 0.72 AS ads_personalisation,
    wants_email(user_id) AS email_marketing,
    u(user_id, 0, 'c3') < 0.81 AS profiling
FROM person;

INSERT INTO cards
SELECT
    user_id,
    pick(['visa', 'visa', 'master', 'master', 'elo', 'amex', 'naranja'], u(user_id, n, 'brand')) AS brand,
    pick(['credit', 'credit', 'debit'], u(user_id, n, 'kind')) AS kind,
    (100 * ceil(80 * u(user_id, n, 'limit') ^ 2))::DECIMAL(12, 2) AS credit_limit,
    getvariable('until')::DATE + (floor(1800 * u(user_id, n, 'until')) - 200)::INTEGER AS valid_until
FROM person, range(3) AS t(n)
WHERE u(user_id, n, 'card') < [0.62, 0.2, 0.06][n + 1];
