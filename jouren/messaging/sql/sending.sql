-- name: backlog
-- How much of a lane is due, up to a limit. Goes from run to run through the index on planned deliveries, as claim does.
WITH RECURSIVE waiting (run_id, try_at) AS (
    (
        SELECT run_id, try_at FROM messaging_delivery WHERE lane = %(lane)s AND state = 0 ORDER BY run_id, try_at LIMIT 1
    )
    UNION ALL
    SELECT following.run_id, following.try_at
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT run_id, try_at
        FROM messaging_delivery
        WHERE lane = %(lane)s AND state = 0 AND run_id > waiting.run_id
        ORDER BY run_id, try_at
        LIMIT 1
    ) AS following
), due AS (
    SELECT waiting.run_id
    FROM waiting
    JOIN messaging_run AS run ON run.id = waiting.run_id
    WHERE waiting.try_at <= %(now)s AND run.held_at IS NULL
    ORDER BY waiting.try_at, waiting.run_id
)
SELECT count(*)
FROM (
    SELECT 1
    FROM due
    CROSS JOIN LATERAL (
        SELECT 1
        FROM messaging_delivery
        WHERE lane = %(lane)s AND run_id = due.run_id AND state = 0 AND try_at <= %(now)s
        LIMIT %(limit)s
    ) AS delivery
    LIMIT %(limit)s
) AS found

-- name: claim
-- The runs with planned deliveries, one step through the index for each, so that a run on hold costs one step however
-- much it has planned. Then the due deliveries of one run after the other, the longest overdue first; no more are locked
-- than are given back.
WITH RECURSIVE waiting (run_id, try_at) AS (
    (
        SELECT run_id, try_at FROM messaging_delivery WHERE lane = %(lane)s AND state = 0 ORDER BY run_id, try_at LIMIT 1
    )
    UNION ALL
    SELECT following.run_id, following.try_at
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT run_id, try_at
        FROM messaging_delivery
        WHERE lane = %(lane)s AND state = 0 AND run_id > waiting.run_id
        ORDER BY run_id, try_at
        LIMIT 1
    ) AS following
), due AS (
    SELECT waiting.run_id
    FROM waiting
    JOIN messaging_run AS run ON run.id = waiting.run_id
    WHERE waiting.try_at <= %(now)s AND run.held_at IS NULL
    ORDER BY waiting.try_at, waiting.run_id
)
SELECT delivery.*
FROM due
CROSS JOIN LATERAL (
    SELECT id, run_id, contact_id, message_version_id, reason, context, attempts, uncertain
    FROM messaging_delivery
    WHERE lane = %(lane)s AND run_id = due.run_id AND state = 0 AND try_at <= %(now)s AND channel = %(channel)s
    ORDER BY try_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) AS delivery
LIMIT %(limit)s

-- name: hold_still
-- Of claimed deliveries, those that nobody is taking back this moment: their person and their run stay as they are until this
-- transaction ends. Whoever changes one of them (unsubscribes, complains, is erased; cancels, holds) waits so long, and
-- finds begun what we begin; nothing begins after they have committed. We wait for nobody: see docs/subsystems/locking.md.
WITH runs AS MATERIALIZED (
    SELECT id FROM messaging_run
    WHERE id = ANY(%(run_ids)s::bigint[]) AND held_at IS NULL ORDER BY id
    FOR SHARE SKIP LOCKED
), people AS MATERIALIZED (
    SELECT id FROM contacts_contact
    WHERE id = ANY(
        SELECT coalesce(alias.to_id, asked.id)
        FROM unnest(%(contact_ids)s::bigint[]) AS asked (id)
        LEFT JOIN contacts_alias AS alias ON alias.from_id = asked.id
    )
    ORDER BY id
    FOR SHARE SKIP LOCKED
)
SELECT asked.id
FROM unnest(%(ids)s::bigint[], %(run_ids)s::bigint[], %(contact_ids)s::bigint[]) AS asked (id, run_id, contact_id)
LEFT JOIN contacts_alias AS alias ON alias.from_id = asked.contact_id
LEFT JOIN contacts_contact AS contact ON contact.id = coalesce(alias.to_id, asked.contact_id)
WHERE asked.run_id IN (SELECT id FROM runs) AND (contact.id IS NULL OR contact.id IN (SELECT id FROM people))

-- name: apply
-- Writes down what became of deliveries, and which go next. Gives back the ids of those that were not final before:
-- a process that was taken for dead may report late, and must not report twice. What it was sure of still counts; what it
-- would try again, or what somebody else has in hand by now, does not. What is handed over keeps that moment in try_at.
UPDATE messaging_delivery AS delivery
SET state = row.state, reason = row.reason, error = row.error, slot = row.slot, message_id = row.message_id,
    try_at = CASE WHEN row.state = 1 THEN %(now)s ELSE coalesce(row.try_at, delivery.try_at) END, attempts = row.attempts, uncertain = row.uncertain,
    sent_at = CASE WHEN row.state = 2 THEN %(now)s END
FROM unnest(
    %(ids)s::bigint[], %(states)s::smallint[], %(reasons)s::text[], %(errors)s::text[], %(slots)s::smallint[],
    %(message_ids)s::text[], %(try_at)s::timestamptz[], %(attempts)s::smallint[], %(uncertain)s::smallint[],
    %(held)s::smallint[]
) AS row (id, state, reason, error, slot, message_id, try_at, attempts, uncertain, held)
WHERE delivery.id = row.id AND delivery.state IN (0, 1, 4)
  AND (row.state = 1 OR row.held IS NULL OR (delivery.state = 1 AND delivery.slot = row.held)
       OR (delivery.state <> 1 AND row.state <> 0))
RETURNING delivery.id

-- name: take_slots
-- The lock is asked for row by row until enough are got; LIMIT over a plain function scan asks for no more.
SELECT slot FROM unnest(%(slots)s::integer[]) AS slots (slot) WHERE pg_try_advisory_lock(%(class)s, slot) LIMIT %(most)s

-- name: release_slot
SELECT pg_advisory_unlock(%(class)s, %(slot)s)

-- name: try_slot_for_now
SELECT pg_try_advisory_xact_lock(%(class)s, %(slot)s)

-- name: slots_in_flight
SELECT DISTINCT slot FROM messaging_delivery WHERE state = 1

-- name: in_flight
-- Only the holder of these slots' locks may run this.
SELECT delivery.id, delivery.contact_id, version.id, version.message_id, version.name, version.kind,
       delivery.message_id, delivery.attempts, delivery.uncertain
FROM messaging_delivery AS delivery
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
WHERE delivery.state = 1 AND delivery.slot = ANY(%(slots)s::smallint[])
ORDER BY delivery.id
FOR UPDATE OF delivery

-- name: version_bodies
SELECT id, bodies -> %(channel)s, kind, message_id, name, language, offers
FROM messaging_messageversion
WHERE id = ANY(%(version_ids)s)
