-- name: use_allowance
-- Counts one use and returns how many there were in the window that runs, and when that began. The row's lock makes
-- it exact.
INSERT INTO core_allowance AS held (key, since, used, lasts) VALUES (%(key)s, %(now)s, 1, %(window)s)
ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN held.since <= %(now)s - %(window)s::interval THEN 1 ELSE held.used + 1 END,
    since = CASE WHEN held.since <= %(now)s - %(window)s::interval THEN %(now)s ELSE held.since END,
    lasts = %(window)s
RETURNING used, since

-- name: give_back
UPDATE core_allowance SET used = greatest(used - 1, 0) WHERE key = %(key)s

-- name: forget_allowance
DELETE FROM core_allowance WHERE key = %(key)s

-- name: is_used
SELECT true FROM core_allowance WHERE key = %(key)s AND since > %(now)s - lasts AND used > 0

-- name: forget_over
DELETE FROM core_allowance WHERE since < %(now)s - lasts
