UPDATE granting SET pending = 0
