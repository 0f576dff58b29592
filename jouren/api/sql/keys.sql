-- name: key
SELECT id FROM api_apikey WHERE hash = %(hash)s AND revoked_at IS NULL
