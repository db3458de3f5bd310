-- Identity: its document, what people decided, its runs, and by which pepper. Identifiers are keyed hashes only.
CREATE TABLE identity_documents (
    version INTEGER PRIMARY KEY,
    saved_at TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;

CREATE TABLE identity_decisions (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('apart', 'together', 'block', 'erase', 'same', 'differ')),
    one TEXT NOT NULL,
    other TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    undone_at TEXT,
    before TEXT NOT NULL DEFAULT '{}'  -- JSON: the ids of those it touched, by identifier, for when it is taken back
) STRICT;

CREATE TABLE identity_runs (
    id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    state TEXT NOT NULL CHECK (state IN ('running', 'published', 'held', 'failed')),
    version INTEGER NOT NULL,
    summary TEXT NOT NULL DEFAULT '{}',
    reason TEXT
) STRICT;

CREATE TABLE identity_peppers (
    version INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL
) STRICT;

-- Who was erased: the profile keys that no destination gets any more, and marks by which an erased identifier is known
-- when the warehouse shows it again (a hash of its keyed hash: nothing can be looked up by it).
CREATE TABLE erased_keys (
    key TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE erased_marks (
    mark TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
