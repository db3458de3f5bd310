INSERT INTO bitmap (sha256, pack, offset, length, cardinality)
VALUES (:sha256, :pack, :offset, :length, :cardinality) RETURNING id
