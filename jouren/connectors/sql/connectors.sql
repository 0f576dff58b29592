-- name: connection
SELECT id, public_id, connector, source, is_on FROM connectors_connection WHERE public_id = %(public_id)s

-- name: secrets
SELECT sealed FROM connectors_secret
WHERE connection_id = %(connection_id)s AND (ends_at IS NULL OR ends_at > %(now)s)
ORDER BY id DESC

-- name: receive
-- Whoever comes second waits for the first to commit, and finds it known; if the first fails, the second is the first.
INSERT INTO connectors_received (connection_id, key, other_key, received_at, type, outcome, error, headers, body)
VALUES (%(connection_id)s, %(key)s, %(other_key)s, %(now)s, %(type)s, %(outcome)s, %(error)s, NULL, NULL)
ON CONFLICT DO NOTHING
RETURNING id

-- name: receive_all
-- The same for many things of one request, of one key each.
INSERT INTO connectors_received (connection_id, key, received_at, type, outcome, error, headers, body)
SELECT %(connection_id)s, key, %(now)s, type, 0, '', NULL, NULL
FROM unnest(%(keys)s::text[], %(types)s::text[]) AS told (key, type)
ORDER BY key
ON CONFLICT DO NOTHING
RETURNING key

-- name: note_event
-- For the screen, to the minute: requests of one moment do not wait for each other here.
UPDATE connectors_connection SET last_event_at = %(now)s
WHERE id = (
    SELECT id FROM connectors_connection
    WHERE id = %(connection_id)s AND (last_event_at IS NULL OR last_event_at < %(now)s - interval '1 minute')
    FOR NO KEY UPDATE SKIP LOCKED
)

-- name: note_error
UPDATE connectors_connection SET last_error_at = %(now)s, last_error = %(error)s
WHERE id = (
    SELECT id FROM connectors_connection
    WHERE id = %(connection_id)s
        AND (last_error_at IS NULL OR last_error_at < %(now)s - interval '1 minute' OR last_error <> %(error)s)
    FOR NO KEY UPDATE SKIP LOCKED
)

-- name: last_told
SELECT at, said FROM connectors_last_told WHERE connection_id = %(connection_id)s AND thing = %(thing)s FOR UPDATE

-- name: tell
-- Of two things said of the same moment, the same one counts in whatever order they come.
INSERT INTO connectors_last_told (connection_id, thing, at, said)
VALUES (%(connection_id)s, %(thing)s, %(at)s, %(said)s)
ON CONFLICT (connection_id, thing) DO UPDATE SET at = excluded.at, said = excluded.said
WHERE (connectors_last_told.at, connectors_last_told.said) < (excluded.at, excluded.said)
RETURNING id

-- name: standings
SELECT each.id, coalesce(sum(n) FILTER (WHERE outcome = 0), 0)::bigint, coalesce(sum(n) FILTER (WHERE outcome = 1), 0)::bigint,
    (SELECT count(*) FROM connectors_received failed WHERE failed.connection_id = each.id AND failed.outcome = 2)
FROM connectors_connection each
LEFT JOIN LATERAL (
    SELECT outcome, count(*) AS n FROM connectors_received
    WHERE connection_id = each.id AND received_at >= %(since)s
    GROUP BY outcome
) counted ON true
GROUP BY each.id

-- name: purge
DELETE FROM connectors_received
WHERE received_at < %(failed_before)s OR (outcome <> 2 AND received_at < %(before)s)

-- name: forget_people
-- What could not be used may name somebody who is erased: it cannot be read again then.
UPDATE connectors_received SET body = NULL, headers = NULL, error = ''
WHERE outcome = 2 AND body IS NOT NULL AND EXISTS (
    SELECT FROM contacts_identity known
    WHERE known.contact_id = ANY(%(contact_ids)s)
        AND lower(connectors_received.body) ~ (
            '(^|[^0-9a-z])' || regexp_replace(lower(known.value), '([^0-9a-z])', '\\\1', 'g') || '([^0-9a-z]|$)'
        )
)
