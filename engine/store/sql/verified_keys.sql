SELECT profiles FROM verified_keys WHERE identity = :identity
