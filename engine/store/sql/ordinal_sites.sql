SELECT DISTINCT site FROM ordinal_segment ORDER BY 1
