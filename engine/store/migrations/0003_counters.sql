-- How often each profile did something in a window that slides: the next run reads only what entered and left it.
CREATE TABLE counter (
    key BLOB PRIMARY KEY,
    site TEXT NOT NULL,
    file TEXT NOT NULL,                -- below bitmaps/counters/
    sha256 TEXT NOT NULL,
    facts TEXT NOT NULL,               -- JSON: window, data version, digest of its rows, ordinals, constants
    run_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
