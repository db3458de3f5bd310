SELECT version, origin, deleted FROM audience WHERE id = :id
