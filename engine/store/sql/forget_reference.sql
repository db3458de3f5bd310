UPDATE batch SET reference = NULL WHERE id = :id
