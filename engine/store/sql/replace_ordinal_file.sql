UPDATE ordinal_segment SET file = :file, sha256 = :sha256 WHERE site = :site AND number = :number AND file = :before
