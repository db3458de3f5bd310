DELETE FROM ordinal_segment WHERE site = :site
