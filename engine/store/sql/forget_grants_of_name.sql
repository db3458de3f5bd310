DELETE FROM granted WHERE what = :what AND name = :name AND (:user IS NULL OR user = :user)
