SELECT version, fingerprint, made_at, made_by FROM identity_peppers ORDER BY version;
