-- Answers to writes that carried an idempotency key, so that a request that comes again changes nothing.
CREATE TABLE repeat (
    key TEXT NOT NULL,
    token TEXT NOT NULL,               -- the token's id
    fingerprint BLOB NOT NULL,         -- SHA-256 of method, address and body
    process TEXT NOT NULL,             -- who works on it while there is no status
    status INTEGER,
    media_type TEXT,
    body BLOB,
    created_at TEXT NOT NULL,
    PRIMARY KEY (token, key)
) STRICT, WITHOUT ROWID;
