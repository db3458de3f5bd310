SELECT id, corrupt FROM bitmap WHERE sha256 = :sha256
