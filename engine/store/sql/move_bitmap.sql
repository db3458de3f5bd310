UPDATE bitmap SET pack = :pack, offset = :offset, corrupt = 0 WHERE id = :id
