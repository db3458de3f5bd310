DELETE FROM condition WHERE site = :site
