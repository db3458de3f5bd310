-- What checks of contracts came to, and what people accept for a while.
CREATE TABLE quality_result (
    run INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    check_id TEXT NOT NULL,
    at TEXT NOT NULL,
    data_version TEXT NOT NULL,
    value REAL,
    state TEXT NOT NULL,               -- green, yellow, red
    sentence TEXT NOT NULL,
    PRIMARY KEY (table_name, check_id, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX quality_by_run ON quality_result (run);
CREATE TABLE quality_accepted (
    table_name TEXT NOT NULL,
    check_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at TEXT NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (table_name, check_id)
) STRICT;
