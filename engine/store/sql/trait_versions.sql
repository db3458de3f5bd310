SELECT id, version, hash, document, at, who FROM trait_version ORDER BY id, version
