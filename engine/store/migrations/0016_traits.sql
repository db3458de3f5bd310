-- The documents of computed traits, every version that was ever computed.
CREATE TABLE trait_version (
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    document TEXT NOT NULL,            -- YAML, as it was written
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
