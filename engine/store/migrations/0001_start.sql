CREATE TABLE model_version (
    version INTEGER PRIMARY KEY,
    saved_at TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE audience (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,          -- the current one
    origin TEXT NOT NULL,              -- 'files' (applied from a folder) or 'app'
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE audience_version (
    audience_id TEXT NOT NULL REFERENCES audience (id),
    version INTEGER NOT NULL,
    saved_at TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    summary TEXT NOT NULL,             -- JSON list of what changed
    rule_hash TEXT,                    -- NULL when this version is the deletion
    document TEXT,                     -- as written; NULL when this version is the deletion
    PRIMARY KEY (audience_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE list (
    id TEXT PRIMARY KEY,
    saved_at TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    size INTEGER NOT NULL
) STRICT;

CREATE TABLE list_member (
    list_id TEXT NOT NULL REFERENCES list (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (list_id, key)
) STRICT, WITHOUT ROWID;

-- Which data versions were found to have unique keys, so that the check runs once.
CREATE TABLE verified_keys (
    identity TEXT PRIMARY KEY,
    profiles INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
