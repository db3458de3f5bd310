ALTER TABLE audience_version ADD COLUMN parsed TEXT;  -- the document as JSON, which reads faster than YAML
ALTER TABLE list ADD COLUMN sha256 TEXT;             -- of its keys, sorted

-- Which ordinal a profile key has, by site: append-only segments. An epoch ends only when a key file is lost.
CREATE TABLE ordinal_epoch (
    site TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ordinal_segment (
    site TEXT NOT NULL,
    number INTEGER NOT NULL,
    first_ordinal INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_key INTEGER,                 -- of a run of integer keys
    file TEXT,                         -- of listed keys: an Arrow file below bitmaps/ordinals/
    sha256 TEXT,
    PRIMARY KEY (site, number)
) STRICT, WITHOUT ROWID;

-- Bitmaps by content, inside immutable pack files.
CREATE TABLE pack (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE bitmap (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    pack INTEGER NOT NULL REFERENCES pack (id),
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    cardinality INTEGER NOT NULL
) STRICT;

-- What was found for a condition over one state of the data; inverted: the bitmap holds those who do not satisfy it.
CREATE TABLE condition (
    key BLOB PRIMARY KEY,
    site TEXT NOT NULL,
    bitmap INTEGER NOT NULL REFERENCES bitmap (id),
    inverted INTEGER NOT NULL,
    run_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX condition_by_bitmap ON condition (bitmap);

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    as_of TEXT NOT NULL,
    data_version TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    state TEXT NOT NULL,               -- running, done, failed, abandoned
    wanted TEXT NOT NULL,              -- JSON list of ids
    report TEXT                        -- JSON: what was read and reused
) STRICT;

CREATE TABLE snapshot (
    audience_id TEXT NOT NULL,
    run_id INTEGER NOT NULL REFERENCES run (id),
    site TEXT NOT NULL,
    version INTEGER NOT NULL,
    rule_hash TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    size INTEGER NOT NULL,
    added INTEGER,                     -- NULL when the snapshot before cannot be compared
    removed INTEGER,
    base INTEGER NOT NULL,             -- the bitmap of everyone in the site
    members TEXT NOT NULL,             -- JSON: a bitmap's id, or set algebra over several
    PRIMARY KEY (audience_id, run_id, site)
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshot_by_run ON snapshot (run_id);

CREATE TABLE run_failure (
    run_id INTEGER NOT NULL REFERENCES run (id),
    audience_id TEXT NOT NULL,
    error TEXT NOT NULL,               -- JSON: code, message, path, hint
    PRIMARY KEY (run_id, audience_id)
) STRICT, WITHOUT ROWID;
