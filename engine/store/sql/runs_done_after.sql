SELECT id, as_of FROM run WHERE state = 'done' AND id > :id ORDER BY id DESC LIMIT :most
