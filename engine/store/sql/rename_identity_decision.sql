UPDATE identity_decisions SET one = :one, other = :other, before = :before WHERE id = :id
