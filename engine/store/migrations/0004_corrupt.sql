-- A bitmap whose bytes were found to be damaged: written again as soon as the same set is found.
ALTER TABLE bitmap ADD COLUMN corrupt INTEGER NOT NULL DEFAULT 0;
