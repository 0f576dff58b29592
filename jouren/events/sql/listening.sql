-- name: listen_no_more
DELETE FROM events_listened WHERE listener = %(listener)s AND NOT type = ANY(%(types)s::text[])

-- name: listen
INSERT INTO events_listened (listener, type) SELECT %(listener)s, * FROM unnest(%(types)s::text[]) ON CONFLICT DO NOTHING
