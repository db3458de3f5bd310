SELECT id, state, version, as_of, told FROM score_state ORDER BY id
