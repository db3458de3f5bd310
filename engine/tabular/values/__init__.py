"""What the texts of a column mean: how they are written, decided by all of them, and the SQL that reads them so."""
