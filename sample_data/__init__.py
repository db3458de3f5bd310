"""A marketplace simulator with nine sites and the truth known, and ready-made audiences over it."""
