-- What a destination calls a batch that it works on by itself, so that it can be asked what became of it.
ALTER TABLE batch ADD COLUMN reference TEXT;
