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
CREATE SCHEMA truth;
