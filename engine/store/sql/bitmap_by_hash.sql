SELECT id FROM bitmap WHERE sha256 = :sha256
