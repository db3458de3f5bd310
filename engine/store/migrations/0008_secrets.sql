-- Which secrets there are and what keeps them; the secrets themselves are in the keyring or the vault.
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    kept_in TEXT NOT NULL,             -- keyring or vault
    saved_by TEXT NOT NULL,
    saved_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
