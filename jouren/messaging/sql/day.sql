-- name: told_since
-- What became of messages since a moment, by the log's index on (type, occurred_at) alone.
SELECT type, count(*)
FROM events_event
WHERE type IN ('message.sent', 'message.failed', 'message.unknown') AND occurred_at >= %(since)s AND occurred_at <= %(now)s
GROUP BY type

-- name: withheld_since
-- Why messages did not go. What a reason says of one offer, journey or limit, or of one person, is left out.
SELECT regexp_replace(reason, '^(offer|(late:)?(ready|journey|cap)):.*$', '\1'), count(*)
FROM (
    SELECT coalesce(payload ->> 'reason', '') AS reason
    FROM events_event
    WHERE type = 'message.withheld' AND occurred_at >= %(since)s AND occurred_at <= %(now)s
) AS withheld
GROUP BY 1
ORDER BY 2 DESC, 1

-- name: count_retried
-- What a mail server asked to try again later, among what waits to be sent.
SELECT count(*) FROM messaging_delivery WHERE state = 0 AND reason = 'retry'

-- name: told_page
-- What became of messages in a period before a place, the latest first: of each type the latest ones, by the log's index
-- on (type, occurred_at), and of those the latest of all. A reason that stands for several has them begin with the prefix.
SELECT id, contact_id, type, version, occurred_at, recorded_at, source, payload, historical
FROM unnest(%(types)s::text[]) AS wanted (name)
CROSS JOIN LATERAL (
    SELECT id, contact_id, type, version, occurred_at, recorded_at, source, payload, historical
    FROM events_event
    WHERE type = wanted.name AND occurred_at >= %(since)s AND occurred_at <= %(before_at)s
      AND (occurred_at, id) < (%(before_at)s, %(before_id)s)
      AND (
          %(reason)s::text IS NULL
          OR payload ->> 'reason' = %(reason)s
          OR starts_with(payload ->> 'reason', %(prefix)s)
      )
    ORDER BY occurred_at DESC, id DESC
    LIMIT %(limit)s
) AS latest
ORDER BY occurred_at DESC, id DESC
LIMIT %(limit)s
