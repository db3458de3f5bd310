SELECT id FROM audience WHERE NOT deleted ORDER BY id
