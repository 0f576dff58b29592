-- name: plan
INSERT INTO webhooks_call (
    endpoint_id, message_id, contact_id, walk_id, step, occurrence, content, state, created_at, try_at, give_up_at, attempts
)
SELECT endpoint_id, message_id, contact_id, walk_id, step, occurrence, content, 0, %(now)s, %(now)s, %(give_up_at)s, 0
FROM unnest(
    %(endpoint_ids)s::bigint[], %(message_ids)s::uuid[], %(contact_ids)s::bigint[], %(walk_ids)s::bigint[],
    %(steps)s::uuid[], %(occurrences)s::integer[], %(contents)s::jsonb[]
) AS row (endpoint_id, message_id, contact_id, walk_id, step, occurrence, content)
ON CONFLICT (walk_id, step, occurrence) DO NOTHING

-- name: claim
-- A few of each system, so that a slow one holds up no other. What somebody else has in hand is skipped until they have
-- had time enough; then they are taken for dead, and the call is made again under the same id.
WITH due AS (
    SELECT call.id
    FROM webhooks_endpoint AS endpoint
    LEFT JOIN unnest(%(busy_ids)s::bigint[], %(busy)s::integer[]) AS busy (id, calls) ON busy.id = endpoint.id
    CROSS JOIN LATERAL (
        SELECT id, try_at
        FROM webhooks_call
        WHERE endpoint_id = endpoint.id AND state IN (0, 1) AND try_at <= %(now)s
        ORDER BY try_at
        LIMIT greatest(%(most_each)s - coalesce(busy.calls, 0), 0)
        FOR UPDATE SKIP LOCKED
    ) AS call
    ORDER BY call.try_at
    LIMIT %(limit)s
)
UPDATE webhooks_call AS call
SET state = 1, attempts = call.attempts + 1, try_at = %(lease_until)s
FROM due, webhooks_endpoint AS endpoint
WHERE call.id = due.id AND endpoint.id = call.endpoint_id
RETURNING call.id, call.endpoint_id, endpoint.name, endpoint.url, endpoint.is_on, call.message_id, call.contact_id,
          call.content, call.created_at, call.give_up_at, call.attempts

-- name: salts
SELECT endpoint_id, salt FROM webhooks_secret
WHERE endpoint_id = ANY(%(endpoint_ids)s) AND ended_at IS NULL
ORDER BY id DESC

-- name: record
-- Only what is still in the hands of whoever reports it: a process that was taken for dead may report late.
UPDATE webhooks_call AS call
SET state = row.state, try_at = coalesce(row.try_at, call.try_at), error = row.error, answer = row.answer,
    ended_at = CASE WHEN row.state >= 2 THEN %(now)s END
FROM unnest(
    %(ids)s::bigint[], %(attempts)s::integer[], %(states)s::smallint[], %(try_at)s::timestamptz[], %(errors)s::text[],
    %(answers)s::text[]
) AS row (id, attempts, state, try_at, error, answer)
WHERE call.id = row.id AND call.attempts = row.attempts AND call.state = 1
RETURNING call.id, call.contact_id

-- name: retry
-- A day more for each. Those that wait for their next attempt are made now.
UPDATE webhooks_call
SET state = 0, try_at = %(now)s, give_up_at = %(give_up_at)s, attempts = 0, ended_at = NULL
WHERE (id = ANY(%(ids)s::bigint[])) AND (state = 3 OR (state = 0 AND attempts > 0))
  AND EXISTS (SELECT FROM webhooks_endpoint AS endpoint WHERE endpoint.id = endpoint_id AND endpoint.is_on)

-- name: next_due
SELECT min(try_at) FROM webhooks_call WHERE state = 0 AND try_at > %(now)s

-- name: is_busy
SELECT EXISTS (SELECT FROM webhooks_call WHERE state = 1)
    OR EXISTS (SELECT FROM webhooks_call WHERE state = 0 AND try_at <= %(now)s)

-- name: forget
-- What waits for somebody who was erased is not told any more.
UPDATE webhooks_call
SET contact_id = NULL, answer = '',
    state = CASE WHEN state IN (0, 1) THEN 3 ELSE state END,
    error = CASE WHEN state IN (0, 1) THEN 'erased' ELSE error END,
    ended_at = coalesce(ended_at, %(now)s)
WHERE contact_id = ANY(%(contact_ids)s)

-- name: purge
DELETE FROM webhooks_call
WHERE (state = 2 AND ended_at < %(delivered_before)s) OR (state = 3 AND ended_at < %(failed_before)s)

-- name: standings
-- Of each system: calls delivered since, calls that wait after a failure, calls given up since.
SELECT endpoint.id,
       (SELECT count(*) FROM webhooks_call WHERE endpoint_id = endpoint.id AND state = 2 AND ended_at >= %(since)s),
       (SELECT count(*) FROM webhooks_call WHERE endpoint_id = endpoint.id AND state IN (0, 1)),
       (SELECT count(*) FROM webhooks_call WHERE endpoint_id = endpoint.id AND state IN (0, 1) AND error <> ''),
       (SELECT count(*) FROM webhooks_call WHERE endpoint_id = endpoint.id AND state = 3)
FROM webhooks_endpoint AS endpoint

-- name: give_up_doubtful
UPDATE webhooks_call AS call
SET state = 3, error = %(reason)s, ended_at = %(now)s
FROM (
    SELECT id FROM webhooks_call WHERE state IN (0, 1) AND created_at <= %(until)s
    ORDER BY id LIMIT %(limit)s FOR UPDATE
) AS doubtful, webhooks_endpoint AS endpoint
WHERE call.id = doubtful.id AND endpoint.id = call.endpoint_id
RETURNING call.id, call.endpoint_id, endpoint.name, call.contact_id

-- name: count_doubtful
SELECT count(*) FROM webhooks_call WHERE state IN (0, 1) AND created_at <= %(until)s
