"""What ran, what was delivered, and what needs a look."""
