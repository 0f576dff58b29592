-- name: note_trouble
-- The database's own time: this is about machines, also where a sandbox's clock runs ahead.
INSERT INTO messaging_relaytrouble AS known (channel, kind, detail, is_permanent, since, seen_at)
VALUES (%(channel)s, %(kind)s, %(detail)s, %(is_permanent)s, clock_timestamp(), clock_timestamp())
ON CONFLICT (channel) DO UPDATE
SET kind = excluded.kind, detail = excluded.detail, is_permanent = excluded.is_permanent, seen_at = excluded.seen_at,
    since = CASE WHEN known.kind = excluded.kind THEN known.since ELSE excluded.since END

-- name: forget_trouble
DELETE FROM messaging_relaytrouble WHERE channel = %(channel)s

-- name: known_trouble
SELECT kind, detail, since
FROM messaging_relaytrouble
WHERE channel = %(channel)s AND (is_permanent OR seen_at > clock_timestamp() - interval '10 minutes')
