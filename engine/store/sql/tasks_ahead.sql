UPDATE task SET not_before = :now WHERE state = 'queued' AND not_before > :limit
