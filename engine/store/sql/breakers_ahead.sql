UPDATE destination SET open_until = NULL WHERE open_until > :limit
