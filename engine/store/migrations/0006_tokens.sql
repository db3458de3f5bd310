-- Who may ask this workspace's services. Only a hash of each token is kept.
CREATE TABLE token (
    id TEXT PRIMARY KEY,               -- the part of the token that names it
    name TEXT NOT NULL,
    hash BLOB NOT NULL,                -- SHA-256 of the whole token, which is 256 random bits and more
    scopes TEXT NOT NULL,              -- JSON list
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
) STRICT, WITHOUT ROWID;
