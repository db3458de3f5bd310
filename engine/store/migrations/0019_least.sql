-- The edges at which numbers of people are rounded for who may not see members: the same for everybody, and secret.
CREATE TABLE least (edges BLOB NOT NULL) STRICT;
INSERT INTO least VALUES (randomblob(32));
