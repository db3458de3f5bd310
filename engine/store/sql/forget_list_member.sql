DELETE FROM list_member WHERE key = :key;
