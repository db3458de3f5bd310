SELECT state, count(*), min(due) FROM task GROUP BY state
