DELETE FROM batch WHERE id = :id
