-- Which keys a list lost when it was replaced, and by which of its versions: whoever was suppressed a moment ago is not
-- delivered before a person says so. A key that comes back is taken off.
ALTER TABLE list ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE list_member ADD COLUMN since INTEGER NOT NULL DEFAULT 1;  -- the version of the list that has the key first

CREATE TABLE list_dropped (
    list_id TEXT NOT NULL,
    key TEXT NOT NULL,
    since INTEGER NOT NULL,
    version INTEGER NOT NULL,          -- of the list, the first one without the key
    at TEXT NOT NULL,
    PRIMARY KEY (list_id, key)
) STRICT, WITHOUT ROWID;
