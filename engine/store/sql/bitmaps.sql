SELECT id, sha256, pack, offset, length FROM bitmap ORDER BY pack, offset
