-- Where memberships go. `paused` holds everything back; `open_until` is set when it failed again and again.
CREATE TABLE destination (
    id TEXT PRIMARY KEY,
    document TEXT NOT NULL,            -- JSON
    saved_at TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    open_until TEXT
) STRICT, WITHOUT ROWID;

-- One audience to one destination.
CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    audience_id TEXT NOT NULL,
    destination_id TEXT NOT NULL,
    UNIQUE (audience_id, destination_id)
) STRICT;

-- The outbox: a snapshot that is to be delivered, written in the transaction that makes the snapshot count.
CREATE TABLE sync (
    id INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL REFERENCES stream (id),
    run_id INTEGER NOT NULL,
    state TEXT NOT NULL,               -- queued, planned, done, held, failed, superseded
    allow_removals INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    not_before TEXT NOT NULL,
    reason TEXT,                       -- why it is held, waits or failed
    summary TEXT,                      -- JSON: how many rows of which kind
    created_at TEXT NOT NULL,
    finished_at TEXT
) STRICT;
CREATE INDEX sync_by_state ON sync (state, not_before);
CREATE INDEX sync_by_stream ON sync (stream_id, id);

-- What is sent together. The id stays the same however often it is sent.
CREATE TABLE batch (
    id TEXT PRIMARY KEY,
    sync_id INTEGER NOT NULL REFERENCES sync (id),
    number INTEGER NOT NULL,
    part TEXT NOT NULL,                -- of one that was halved: 0 or 1 for each halving
    operation TEXT NOT NULL,           -- add, remove
    state TEXT NOT NULL,               -- planned, sending (it may have arrived), done
    sent_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_by_sync ON batch (sync_id, number, part);

-- The rows of batches: what is sent (hashed), until it was, and what became of it.
CREATE TABLE batch_member (
    batch_id TEXT NOT NULL REFERENCES batch (id),
    place INTEGER NOT NULL,
    key TEXT NOT NULL,
    payload TEXT,                      -- JSON list of [identifier, hashed value]; NULL once it was sent
    outcome TEXT,                      -- sent, or why it was rejected
    PRIMARY KEY (batch_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_member_by_key ON batch_member (key);

-- What a destination has acknowledged: removals use what was sent.
CREATE TABLE delivered (
    stream_id INTEGER NOT NULL REFERENCES stream (id),
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (stream_id, key)
) STRICT, WITHOUT ROWID;

-- Rows a destination did not want; sent again once they are other ones.
CREATE TABLE rejected (
    stream_id INTEGER NOT NULL REFERENCES stream (id),
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (stream_id, key)
) STRICT, WITHOUT ROWID;
