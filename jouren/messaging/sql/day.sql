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
