DELETE FROM secret WHERE name = :name
