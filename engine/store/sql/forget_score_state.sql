DELETE FROM score_state WHERE id = :id
