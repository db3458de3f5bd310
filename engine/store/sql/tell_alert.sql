UPDATE alert SET told = CASE WHEN :closed THEN 'closed' ELSE 'opened' END WHERE id = :id
