UPDATE bitmap SET corrupt = 1 WHERE id = :id
