DELETE FROM schedule WHERE audience_id = :audience_id
