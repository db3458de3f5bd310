SELECT DISTINCT stream.audience_id FROM delivered JOIN stream ON stream.id = delivered.stream_id
WHERE delivered.key = :key ORDER BY 1;
