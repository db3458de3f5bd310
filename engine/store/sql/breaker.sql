UPDATE destination SET failures = :failures, open_until = :open_until WHERE id = :id
