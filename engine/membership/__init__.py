"""Who is in an audience: sizes, members, and why one profile is in or out."""
