UPDATE batch SET reference = :reference WHERE id = :id
