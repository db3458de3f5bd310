INSERT INTO identity_peppers (version, fingerprint, made_at, made_by)
VALUES (:version, :fingerprint, :made_at, :made_by);
