-- How far audiences that follow collected events have got.
CREATE TABLE following (
    audience_id TEXT PRIMARY KEY,
    as_of TEXT NOT NULL,
    landed INTEGER NOT NULL,           -- the last file of the collector's journal that was looked at
    received_at TEXT,                  -- when the newest event of those was received
    at TEXT NOT NULL,                  -- when it was looked at
    run_id INTEGER NOT NULL            -- the snapshot that says who was in then
) STRICT, WITHOUT ROWID;
