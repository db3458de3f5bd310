SELECT id, version, kind, hash, document, digest, card, at, who FROM score_model ORDER BY id, version
