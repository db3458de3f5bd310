SELECT DISTINCT base, members FROM snapshot
