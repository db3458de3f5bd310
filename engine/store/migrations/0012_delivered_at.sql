-- When each was last acknowledged, so that a membership that would expire at the destination is sent again before.
ALTER TABLE delivered ADD COLUMN at TEXT;
