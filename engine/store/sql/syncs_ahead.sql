UPDATE sync SET not_before = :now WHERE state IN ('queued', 'planned') AND not_before > :limit
