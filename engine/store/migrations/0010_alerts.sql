-- What needs a person's look: opened once, closed when it has passed, told to whoever is to be told.
CREATE TABLE alert (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,                -- run, task, sync, held, late, size, rejects
    subject TEXT NOT NULL,             -- an audience, or audience → destination
    message TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT,
    seen_at TEXT,
    told TEXT NOT NULL DEFAULT ''      -- what was told: '', opened, closed
) STRICT;
CREATE UNIQUE INDEX alert_open ON alert (kind, subject) WHERE closed_at IS NULL;
CREATE INDEX alert_by_time ON alert (opened_at);
