SELECT audience_id FROM schedule WHERE kind = 'on_data' AND NOT paused ORDER BY audience_id
