SELECT first_ordinal, count, first_key, file, sha256 FROM ordinal_segment WHERE site = :site ORDER BY number
