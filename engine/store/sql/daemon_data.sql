UPDATE daemon SET data_version = :data_version WHERE fence = :fence
