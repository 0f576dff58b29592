-- name: append
-- One statement: remember what is told for the first time, log that, and queue what somebody may react to.
-- What is known by its key or by its thing leaves no trace. The order of inserting keeps two batches with the same
-- events from waiting for each other.
WITH incoming AS (
    SELECT *, coalesce(key, thing) AS name
    FROM unnest(
        %(contact_id_list)s::bigint[], %(type_list)s::text[], %(version_list)s::smallint[],
        %(occurred_at_list)s::timestamptz[], %(source_list)s::text[], %(key_list)s::text[], %(thing_list)s::text[],
        %(payload_list)s::jsonb[], %(historical_list)s::boolean[], %(reacts_list)s::boolean[]
    ) WITH ORDINALITY
        AS row (contact_id, type, version, occurred_at, source, key, thing, payload, historical, reacts, position)
),
fresh AS (
    INSERT INTO events_event_key (source, key, thing)
    SELECT source, name, thing FROM incoming WHERE name IS NOT NULL ORDER BY source, coalesce(thing, key), position
    ON CONFLICT DO NOTHING
    RETURNING source, key, thing
),
accepted AS (
    SELECT nextval('events_event_id') AS id, kept.*
    FROM (
        SELECT * FROM incoming WHERE name IS NULL
        UNION ALL
        (SELECT DISTINCT ON (incoming.source, incoming.name) incoming.*
        FROM incoming JOIN fresh ON fresh.source = incoming.source AND fresh.key = incoming.name
            AND fresh.thing IS NOT DISTINCT FROM incoming.thing
        ORDER BY incoming.source, incoming.name, incoming.position)
        ORDER BY position
    ) AS kept
),
logged AS (
    INSERT INTO events_event (id, contact_id, type, version, occurred_at, recorded_at, source, payload, historical)
    SELECT id, contact_id, type, version, occurred_at, %(now)s, source, payload, historical FROM accepted
),
queued AS (
    INSERT INTO events_inbox (historical, shard, event_id, recorded_at, contact_id)
    SELECT historical, contact_id %% 32, id, %(now)s, contact_id
    FROM accepted
    WHERE reacts OR type IN (SELECT listened.type FROM events_listened AS listened)
)
SELECT position, id FROM accepted

-- name: append_one
-- The same for one event that need not be told from others: clicks and opens, by far the most.
WITH logged AS (
    INSERT INTO events_event (contact_id, type, version, occurred_at, recorded_at, source, payload, historical)
    VALUES (%(contact_id)s::bigint, %(type)s::text, %(version)s::smallint, %(occurred_at)s, %(now)s, %(source)s, %(payload)s, %(historical)s)
    RETURNING id
),
queued AS (
    INSERT INTO events_inbox (historical, shard, event_id, recorded_at, contact_id)
    SELECT %(historical)s, %(contact_id)s::bigint %% 32, id, %(now)s, %(contact_id)s FROM logged
    WHERE %(reacts)s OR EXISTS (SELECT 1 FROM events_listened AS listened WHERE listened.type = %(type)s)
)
SELECT id FROM logged

-- name: of_contacts
SELECT id, contact_id, type, version, occurred_at, recorded_at, source, payload, historical
FROM events_event
WHERE contact_id = ANY(%(contact_ids)s)
  AND (%(before_at)s::timestamptz IS NULL OR (occurred_at, id) < (%(before_at)s, %(before_id)s))
  AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s))
ORDER BY occurred_at DESC, id DESC
LIMIT %(limit)s

-- name: redact
-- The fields of each type: a reason is personal where a mail server gave it, and a figure where the gate did.
UPDATE events_event AS event
SET payload = event.payload - personal.fields
FROM (
    SELECT type, ARRAY(SELECT jsonb_array_elements_text(fields)) AS fields
    FROM jsonb_each(%(personal)s::jsonb) AS each (type, fields)
) AS personal
WHERE event.contact_id = ANY(%(contact_ids)s) AND event.type = personal.type AND event.payload ?| personal.fields

-- name: forget_errors
-- What a failed reaction said may quote what it failed on.
UPDATE events_parked SET error = '' WHERE contact_id = ANY(%(contact_ids)s)
