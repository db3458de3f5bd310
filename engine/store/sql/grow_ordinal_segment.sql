UPDATE ordinal_segment SET file = :file, sha256 = :sha256, count = :count
WHERE site = :site AND number = :number AND file = :before
