UPDATE batch_member SET outcome = :reason WHERE batch_id = :batch_id AND place = :place
