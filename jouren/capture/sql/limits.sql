-- name: use_allowance
-- Counts one use and returns how many there were in the window that runs. The row's lock makes it exact.
INSERT INTO capture_allowance AS held (key, since, used) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN held.since <= %(now)s - %(window)s::interval THEN 1 ELSE held.used + 1 END,
    since = CASE WHEN held.since <= %(now)s - %(window)s::interval THEN %(now)s ELSE held.since END
RETURNING used

-- name: forget_allowances
DELETE FROM capture_allowance WHERE since < %(before)s
