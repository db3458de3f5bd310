"""The REST API: each route calls one operation. Tokens with scopes, problem details, idempotency keys, rate limits."""
