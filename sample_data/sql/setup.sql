-- u(row, part, purpose): a uniform number in [0, 1) that depends on nothing but the seed and its arguments.
CREATE OR REPLACE TEMP MACRO u(a, b, purpose) AS
    (hash(a, b, purpose, getvariable('seed')) >> 11)::DOUBLE / 9007199254740992.0;
CREATE OR REPLACE TEMP MACRO pick(options, x) AS options[1 + floor(x * len(options))::INTEGER];
-- A moment: a day of the year, a local minute of the day, seconds; in UTC.
CREATE OR REPLACE TEMP MACRO moment(a, b, purpose, utc_offset) AS
    getvariable('until')::TIMESTAMP
    - to_days(pick(getvariable('days'), u(a, b, purpose)))
    + to_minutes(pick(getvariable('minutes'), u(a, b, purpose || 'm')) - 60 * utc_offset)
    + to_milliseconds(floor(u(a, b, purpose || 's') * 300000)::BIGINT);
CREATE OR REPLACE TEMP MACRO wants_email(user_id) AS u(user_id, 0, 'c2') < 0.55;

CREATE SCHEMA truth;
CREATE TABLE truth.person (user_id BIGINT, person_id BIGINT, likes_phones DOUBLE, site_index INTEGER, visits INTEGER);
CREATE TABLE truth.caused_purchase (user_id BIGINT, ts TIMESTAMP, category VARCHAR, channel VARCHAR);
CREATE TABLE users (
    user_id BIGINT, site_id VARCHAR, state VARCHAR, birth_date DATE, age INTEGER, gender VARCHAR, registered_at TIMESTAMP,
    loyalty_level INTEGER, uses_app BOOLEAN, seller_rating DECIMAL(4, 2)
);
CREATE TABLE consents (user_id BIGINT, ads_personalisation BOOLEAN, email_marketing BOOLEAN, profiling BOOLEAN);
CREATE TABLE cards (user_id BIGINT, brand VARCHAR, kind VARCHAR, credit_limit DECIMAL(12, 2), valid_until DATE);
CREATE TABLE user_emails (user_id BIGINT, email VARCHAR);
CREATE TABLE user_phones (user_id BIGINT, phone VARCHAR);
CREATE TABLE devices (user_id BIGINT, device_id VARCHAR, platform VARCHAR);
CREATE TABLE events (
    site_id VARCHAR, event_type VARCHAR, user_id BIGINT, ts TIMESTAMP, category VARCHAR, product_id INTEGER,
    amount DECIMAL(14, 2), channel VARCHAR, session_id BIGINT
);
CREATE TABLE sessions (
    session_id BIGINT, user_id BIGINT, started_at TIMESTAMP, ended_at TIMESTAMP, events INTEGER, device_id VARCHAR
);
