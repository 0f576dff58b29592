-- name: plan
-- What goes to many is told once (core.arrays.fold). Gives back every stored row, or (tells_all false) those alone that the gate holds: a batch of thousands has few of them.
WITH stored AS (
INSERT INTO messaging_delivery (
    run_id, step, contact_id, occurrence, channel, lane, state, reason, due_at, try_at, planned_at,
    message_version_id, message_id, attempts, uncertain, error, context
)
SELECT
    run_id, step, contact_id, occurrence, channel, lane, CASE WHEN reason = '' OR waits_until IS NOT NULL THEN 0 ELSE 5 END,
    reason, due_at, coalesce(waits_until, due_at), %(now)s, message_version_id, '', 0, 0, '', context
FROM unnest(%(contact_ids)s::bigint[], %(occurrences)s::bigint[], %(contexts)s::jsonb[], %(what)s::integer[])
    AS person (contact_id, occurrence, context, number)
JOIN unnest(
    %(run_ids)s::bigint[], %(steps)s::uuid[], %(channels)s::text[], %(lanes)s::smallint[], %(due_at)s::timestamptz[],
    %(version_ids)s::bigint[], %(reasons)s::text[], %(waits_until)s::timestamptz[]
) WITH ORDINALITY AS what (run_id, step, channel, lane, due_at, message_version_id, reason, waits_until, number) USING (number)
ON CONFLICT (run_id, step, contact_id, occurrence) DO NOTHING
RETURNING id, run_id, step::text, contact_id, occurrence, reason
)
SELECT id, run_id, step, contact_id, occurrence
FROM stored
WHERE %(tells_all)s OR reason <> ''

-- name: version_titles
SELECT id, message_id, name FROM messaging_messageversion WHERE id = ANY(%(version_ids)s)

-- name: next_due
-- What is on hold is due at no moment.
SELECT min(delivery.try_at)
FROM messaging_run AS run
CROSS JOIN (VALUES (0), (1), (2)) AS lanes (lane)
CROSS JOIN LATERAL (
    SELECT try_at
    FROM messaging_delivery
    WHERE lane = lanes.lane AND run_id = run.id AND state = 0 AND try_at > %(now)s
    ORDER BY try_at
    LIMIT 1
) AS delivery
WHERE run.held_at IS NULL

-- name: is_sending
SELECT EXISTS (SELECT 1 FROM messaging_delivery WHERE state = 1)
    OR EXISTS (
        SELECT 1
        FROM messaging_run AS run
        JOIN messaging_delivery AS delivery ON delivery.run_id = run.id
        WHERE run.held_at IS NULL AND delivery.lane IN (0, 1, 2) AND delivery.state = 0 AND delivery.try_at <= %(now)s
    )

-- name: lock_defaults
-- Two processes that find no default messages make them one after the other.
SELECT pg_advisory_xact_lock(7406003)

-- name: erase
UPDATE messaging_delivery SET context = NULL, error = '' WHERE contact_id = ANY(%(contact_ids)s)

-- name: forget_answers
-- A server's answer quotes the address. Asked after the rows are written: an erasing meanwhile waits for them, or we for it.
UPDATE messaging_delivery AS delivery
SET error = ''
FROM contacts_contact AS contact
WHERE delivery.id = ANY(%(ids)s) AND contact.id = delivery.contact_id AND contact.erased_at IS NOT NULL
  AND delivery.error <> ''
RETURNING delivery.id

-- name: withhold_doubles
UPDATE messaging_delivery AS gone
SET state = 5, reason = 'merged'
WHERE gone.contact_id = %(gone_id)s AND gone.state = 0
  AND EXISTS (
      SELECT 1 FROM messaging_delivery AS kept
      WHERE kept.contact_id = %(kept_id)s AND kept.run_id = gone.run_id AND kept.step = gone.step
        AND kept.occurrence = gone.occurrence AND kept.state IN (0, 1, 2, 4)
  )
