INSERT INTO trait_version (id, version, hash, document, at, who) VALUES (:id, :version, :hash, :document, :at, :who)
