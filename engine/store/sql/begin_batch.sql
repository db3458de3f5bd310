UPDATE batch SET state = 'sending' WHERE id = :id AND state = 'planned'
