SELECT b.sha256, p.name, b.offset, b.length, b.cardinality
FROM bitmap AS b
JOIN pack AS p ON p.id = b.pack
WHERE b.id = :id
