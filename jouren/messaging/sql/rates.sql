-- name: start_clocks
INSERT INTO messaging_rateclock (key, busy_until)
SELECT key, %(start)s FROM unnest(%(keys)s::text[]) AS keys (key) ORDER BY key
ON CONFLICT (key) DO NOTHING

-- name: lock_clocks
-- Until when each limit's allowance is used up.
SELECT key, busy_until FROM messaging_rateclock WHERE key = ANY(%(keys)s::text[]) ORDER BY key FOR UPDATE

-- name: set_clocks
UPDATE messaging_rateclock AS clock
SET busy_until = row.busy_until
FROM unnest(%(keys)s::text[], %(busy_until)s::timestamptz[]) AS row (key, busy_until)
WHERE clock.key = row.key
