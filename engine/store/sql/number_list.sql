UPDATE list SET version = :version WHERE id = :id
