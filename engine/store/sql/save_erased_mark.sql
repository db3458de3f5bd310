INSERT INTO erased_marks (mark, at) VALUES (:mark, :at) ON CONFLICT (mark) DO NOTHING;
