SELECT report FROM run WHERE id = :id
