-- Grants: a destination or an ingest document (`user`) may use something of this machine at a place.
CREATE TABLE granted (
    what TEXT NOT NULL,                -- secret, env, machine (its own credentials), path
    name TEXT NOT NULL,                -- the secret's or variable's name, the path; empty for machine
    user TEXT NOT NULL,                -- the id of the destination or ingest document
    place TEXT NOT NULL,               -- HOST:PORT, or HOST for every port; empty for paths
    granted_by TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    PRIMARY KEY (what, name, user, place)
) STRICT, WITHOUT ROWID;

-- Whether the documents of an older workspace still have to be given what they use now: once, at the first look. A
-- workspace that is made now has none (see Database).
CREATE TABLE granting (pending INTEGER NOT NULL) STRICT;
INSERT INTO granting VALUES (1);
