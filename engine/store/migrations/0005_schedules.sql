-- When audiences are due. `version` is the audience's that the times were read from.
CREATE TABLE schedule (
    audience_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,                -- every, cron, on_data
    last_due TEXT NOT NULL,            -- times are counted from here
    fires_at TEXT,                     -- when the next one is looked at: its time and the audience's own delay
    paused INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_by_time ON schedule (fires_at) WHERE fires_at IS NOT NULL AND NOT paused;

-- What is to be run, and what became of it: all audiences due at one time are one row.
CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    due TEXT NOT NULL,
    cause TEXT NOT NULL,               -- schedule, data, asked, backfill
    audiences TEXT NOT NULL,           -- JSON list of ids
    state TEXT NOT NULL,               -- queued, running, done, failed, cancelled
    attempt INTEGER NOT NULL DEFAULT 0,
    not_before TEXT NOT NULL,
    fence INTEGER,                     -- of the daemon that runs it
    run_id INTEGER,
    summary TEXT,                      -- JSON: sizes and failures, or why it failed
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT
) STRICT;
CREATE INDEX task_by_state ON task (state, id);

-- The audiences of tasks that are not finished, so that overlaps are seen at once.
CREATE TABLE task_audience (
    audience_id TEXT NOT NULL,
    task_id INTEGER NOT NULL REFERENCES task (id),
    PRIMARY KEY (audience_id, task_id)
) STRICT, WITHOUT ROWID;

-- The daemon that runs or ran last. Its fence grows with each start: an older one's writes are refused.
CREATE TABLE daemon (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    fence INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    started_at TEXT NOT NULL,
    beat_at TEXT NOT NULL,
    stopped_at TEXT,
    data_version TEXT                  -- the data that on_data audiences were last run for
) STRICT;
