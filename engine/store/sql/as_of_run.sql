SELECT as_of FROM run WHERE id = :id
