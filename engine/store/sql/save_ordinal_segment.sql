INSERT INTO ordinal_segment (site, number, first_ordinal, count, first_key, file, sha256)
VALUES (:site, :number, :first_ordinal, :count, :first_key, :file, :sha256)
