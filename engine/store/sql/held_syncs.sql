SELECT y.id FROM sync AS y WHERE y.state = 'held'
    AND NOT EXISTS (SELECT 1 FROM sync AS n WHERE n.stream_id = y.stream_id AND n.id > y.id) ORDER BY y.id
