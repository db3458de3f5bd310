INSERT INTO score_model (id, version, kind, hash, document, digest, card, at, who)
VALUES (:id, :version, :kind, :hash, :document, :digest, :card, :at, :who)
