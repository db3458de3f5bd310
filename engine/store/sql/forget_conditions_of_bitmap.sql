DELETE FROM condition WHERE bitmap = :id
