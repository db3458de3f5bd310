-- Messy on purpose: the same address in capitals, with spaces or dots; typing errors; shared phones.
INSERT INTO user_emails
WITH named AS (
    SELECT
        p.user_id,
        strip_accents(pick(getvariable('first_names'), u(person_id, 0, 'first'))) AS first_name,
        strip_accents(pick(getvariable('surnames'), u(person_id, 0, 'last'))) AS surname,
        pick(getvariable('mail_hosts'), u(person_id, 0, 'host')) AS host,
        person_id,
        u(p.user_id, 0, 'mess') AS mess
    FROM person AS p
    WHERE u(p.user_id, 0, 'mail') < 0.93
)
SELECT
    user_id,
    CASE
        WHEN mess < 0.08 THEN upper(first_name || '.' || surname || person_id || '@' || host)
        WHEN mess < 0.12 THEN ' ' || first_name || '.' || surname || person_id || '@' || host || ' '
        WHEN mess < 0.15 AND host = 'gmail.com' THEN first_name || surname || person_id || '+shop@' || host
        WHEN mess < 0.17 THEN first_name || '.' || surname || person_id || '@' || replace(host, 'mail', 'mial')
        WHEN mess < 0.175 THEN 'teste@teste.com'
        ELSE first_name || '.' || surname || person_id || '@' || host
    END AS email
FROM named;

INSERT INTO user_phones
SELECT
    user_id,
    CASE WHEN u(user_id, 0, 'pf') < 0.3 THEN '+' ELSE '' END
    || ['55', '52', '54', '57', '56', '51', '598', '593', '58'][site_index]
    || CASE WHEN u(user_id, 0, 'pf') BETWEEN 0.3 AND 0.4 THEN ' ' ELSE '' END
    || (100000000 + floor(899999999 * u(CASE WHEN u(user_id, 0, 'family') < 0.05 THEN person_id - person_id % 4 ELSE person_id END, 0, 'phone')))::BIGINT AS phone
FROM person
WHERE u(user_id, 0, 'has phone') < 0.78;

-- Devices; one in twelve belongs to a household and is shared by its members.
INSERT INTO devices
SELECT
    user_id,
    CASE WHEN u(user_id, n, 'shared') < 0.08
        THEN 'H' || (user_id - user_id % 5) || '-' || n ELSE 'D' || user_id || '-' || n END AS device_id,
    pick(['android', 'android', 'android', 'ios', 'desktop', 'desktop'], u(user_id, n, 'os')) AS platform
FROM person, range(3) AS t(n)
WHERE n = 0 OR u(user_id, n, 'device') < 0.35;
