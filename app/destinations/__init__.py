"""Where audiences go: a form for every kind of destination."""
