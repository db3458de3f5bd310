-- Models of people: every version that was trained, and what became of each document's last use.
CREATE TABLE score_model (
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,                -- of the document
    document TEXT NOT NULL,            -- YAML, as it was written
    digest TEXT NOT NULL,              -- SHA-256 of the model's files
    card TEXT NOT NULL,                -- JSON: what people are told of it
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE score_state (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,               -- trained, applied, held or failed
    version INTEGER,
    as_of TEXT NOT NULL,
    told TEXT NOT NULL                 -- JSON: how many are within reach, drift, why it is held
) STRICT, WITHOUT ROWID;
