DELETE FROM granted WHERE user = :user
