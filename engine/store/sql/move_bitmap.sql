UPDATE bitmap SET pack = :pack, offset = :offset WHERE id = :id
