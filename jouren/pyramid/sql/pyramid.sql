-- name: lock_people
-- The person's row is the lock: a position may not exist yet. Erased and merged people do not move.
SELECT id
FROM contacts_contact
WHERE id = ANY(%(contact_ids)s) AND erased_at IS NULL AND merged_at IS NULL
ORDER BY id
FOR NO KEY UPDATE

-- name: positions
-- A statement of its own, after the lock: one that waited for the lock would still see the positions of before.
SELECT contact_id, stage, since FROM pyramid_position WHERE contact_id = ANY(%(contact_ids)s)

-- name: record_changes
INSERT INTO pyramid_change (contact_id, from_stage, to_stage, at, reason, event_id, by_id)
SELECT *
FROM unnest(
    %(contact_ids)s::bigint[], %(from_stages)s::smallint[], %(to_stages)s::smallint[], %(at)s::timestamptz[],
    %(reasons)s::text[], %(event_ids)s::bigint[], %(by_ids)s::integer[]
)

-- name: set_positions
INSERT INTO pyramid_position (contact_id, stage, since)
SELECT * FROM unnest(%(contact_ids)s::bigint[], %(stages)s::smallint[], %(since)s::timestamptz[])
ON CONFLICT (contact_id) DO UPDATE SET stage = excluded.stage, since = excluded.since

-- name: antedate
-- What became known late moves back what came after it. What somebody did by hand since then stands, and all before it.
WITH told AS (
    SELECT *
    FROM unnest(
        %(contact_ids)s::bigint[], %(stages)s::smallint[], %(at)s::timestamptz[], %(reasons)s::text[],
        %(passing_reasons)s::text[], %(event_ids)s::bigint[]
    ) AS told (contact_id, stage, at, reason, passing_reason, event_id)
),
sooner AS (
    SELECT DISTINCT ON (change.id) change.id, told.at, told.event_id,
           CASE WHEN change.to_stage = told.stage THEN told.reason ELSE told.passing_reason END AS reason
    FROM told
    JOIN pyramid_change AS change
        ON change.contact_id = told.contact_id AND change.to_stage <= told.stage AND change.at > told.at
        AND change.event_id IS NOT NULL
    WHERE NOT EXISTS (
        SELECT FROM pyramid_change AS by_hand
        WHERE by_hand.contact_id = told.contact_id AND by_hand.event_id IS NULL AND by_hand.at > told.at
    )
    ORDER BY change.id, told.at, told.stage
),
moved AS (
    UPDATE pyramid_change AS change
    SET at = sooner.at, event_id = sooner.event_id, reason = sooner.reason
    FROM sooner
    WHERE change.id = sooner.id
    RETURNING change.contact_id, change.to_stage, change.at
)
UPDATE pyramid_position AS position
SET since = entered.at
FROM (SELECT contact_id, to_stage, min(at) AS at FROM moved GROUP BY contact_id, to_stage) AS entered
WHERE position.contact_id = entered.contact_id AND position.stage = entered.to_stage AND position.since > entered.at

-- name: fulfilled
-- For each person and rule that is asked for: the event that satisfied the rule, counted by when things happened and not
-- by when they were told. That is the event at hand, or, where that one came late and made the number full, the one
-- that now is the last needed. What waits in the inbox has its own turn later. Merged people's events count as theirs.
WITH ranked AS (
    SELECT asked.position, asked.at_least, asked.event_id AS at_hand, event.id, event.occurred_at,
           row_number() OVER (PARTITION BY asked.position ORDER BY event.occurred_at, event.id) AS place
    FROM unnest(
        %(contact_ids)s::bigint[], %(types)s::text[], %(matches)s::jsonb[], %(at_least)s::smallint[],
        %(event_ids)s::bigint[], %(historical)s::boolean[]
    ) WITH ORDINALITY AS asked (contact_id, type, match, at_least, event_id, historical, position)
    CROSS JOIN LATERAL (
        SELECT asked.contact_id AS id
        UNION ALL
        SELECT from_id FROM contacts_alias WHERE to_id = asked.contact_id
    ) AS known
    JOIN events_event AS event
        ON event.contact_id = known.id AND event.payload @> asked.match
        -- A purchase whose kind became known later, and a gift that is none: as jouren/pyramid/reactions.py has it.
        AND event.type = ANY(
            CASE WHEN asked.type = 'order.paid' AND asked.match ? 'kind' THEN ARRAY['order.paid', 'order.recognised']
                 ELSE ARRAY[asked.type] END
        )
        AND NOT (asked.type = 'order.paid' AND NOT asked.match ? 'kind' AND event.payload @> '{"kind": "free"}')
    WHERE (event.id <= asked.event_id AND event.historical = asked.historical)
       OR NOT EXISTS (
           SELECT FROM events_inbox AS waiting
           WHERE waiting.historical = event.historical AND waiting.event_id = event.id
             AND waiting.shard IN (event.contact_id %% 32, asked.contact_id %% 32)
       )
)
SELECT ranked.position, ranked.id, ranked.occurred_at
FROM ranked
LEFT JOIN ranked AS own ON own.position = ranked.position AND own.id = own.at_hand
WHERE ranked.place = greatest(ranked.at_least, own.place)

-- name: counted_already
-- As in fulfilled: purchases whose kind became known later, and gifts that are none. Merged people's count as theirs.
SELECT asked.position, count(*)
FROM unnest(%(contact_ids)s::bigint[], %(types)s::text[], %(matches)s::jsonb[]) WITH ORDINALITY
    AS asked (contact_id, type, match, position)
CROSS JOIN LATERAL (
    SELECT asked.contact_id AS id
    UNION ALL
    SELECT from_id FROM contacts_alias WHERE to_id = asked.contact_id
) AS known
JOIN events_event AS event
    ON event.contact_id = known.id AND event.payload @> asked.match
    AND event.type = ANY(
        CASE WHEN asked.type = 'order.paid' AND asked.match ? 'kind' THEN ARRAY['order.paid', 'order.recognised']
             ELSE ARRAY[asked.type] END
    )
    AND NOT (asked.type = 'order.paid' AND NOT asked.match ? 'kind' AND event.payload @> '{"kind": "free"}')
GROUP BY asked.position

-- name: satisfied_between
-- Each event of these people between two moments with which a rule was satisfied. As in fulfilled: purchases whose kind
-- became known later, and gifts that are none. Merged people's count as theirs.
SELECT contact_id, position, id, occurred_at
FROM (
    SELECT person.contact_id, asked.position, asked.at_least, event.id, event.occurred_at, row_number() OVER (
        PARTITION BY asked.position, person.contact_id ORDER BY event.occurred_at, event.id
    ) AS place
    FROM (
        SELECT contact_id, contact_id FROM unnest(%(contact_ids)s::bigint[]) AS given (contact_id)
        UNION ALL
        SELECT from_id, to_id FROM contacts_alias WHERE to_id = ANY(%(contact_ids)s::bigint[])
    ) AS person (id, contact_id)
    CROSS JOIN unnest(%(types)s::text[], %(matches)s::jsonb[], %(at_least)s::smallint[]) WITH ORDINALITY
        AS asked (type, match, at_least, position)
    JOIN events_event AS event
        ON event.contact_id = person.id AND event.occurred_at <= %(end)s AND event.payload @> asked.match
        AND event.type = ANY(
            CASE WHEN asked.type = 'order.paid' AND asked.match ? 'kind' THEN ARRAY['order.paid', 'order.recognised']
                 ELSE ARRAY[asked.type] END
        )
        AND NOT (asked.type = 'order.paid' AND NOT asked.match ? 'kind' AND event.payload @> '{"kind": "free"}')
) AS counted
WHERE place >= at_least AND occurred_at > %(start)s
ORDER BY occurred_at, id

-- name: changes_between
SELECT contact_id, to_stage, at, reason, event_id
FROM pyramid_change
WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND at > %(start)s AND at <= %(end)s
    AND (to_stage > from_stage OR event_id IS NULL)
ORDER BY at, id

-- name: stage_counts
SELECT stage, count(*) FROM pyramid_position GROUP BY stage

-- name: count_present
SELECT count(*) FROM contacts_contact WHERE erased_at IS NULL AND merged_at IS NULL

-- name: merge_positions
-- The higher stage wins; of equal ones the earlier.
WITH gone AS (
    DELETE FROM pyramid_position WHERE contact_id = %(gone_id)s RETURNING stage, since
)
INSERT INTO pyramid_position AS kept (contact_id, stage, since)
SELECT %(kept_id)s, stage, since FROM gone
ON CONFLICT (contact_id) DO UPDATE SET stage = excluded.stage, since = excluded.since
WHERE excluded.stage > kept.stage OR (excluded.stage = kept.stage AND excluded.since < kept.since)

-- name: movements
-- Steps from stage to stage in each of some periods, by the moments between them; the index on (to_stage, at) serves it.
SELECT width_bucket(at, %(bounds)s::timestamptz[]) - 1, from_stage, to_stage, count(*)
FROM pyramid_change
WHERE to_stage = ANY(%(stages)s::smallint[]) AND at >= %(since)s AND at < %(until)s
GROUP BY 1, 2, 3

-- name: newcomers
-- People who became known since a moment and are still there.
SELECT count(*) FROM contacts_contact WHERE erased_at IS NULL AND merged_at IS NULL AND created_at >= %(since)s

-- name: first_arrivals
-- In each of some periods, who came to a stage for the first time: up to it, or past it.
SELECT width_bucket(at, %(bounds)s::timestamptz[]) - 1, count(*)
FROM (
    SELECT min(at) AS at FROM pyramid_change WHERE from_stage < %(stage)s AND to_stage >= %(stage)s GROUP BY contact_id
) AS first
WHERE at >= %(since)s AND at < %(until)s
GROUP BY 1

-- name: rises
-- Of those who first came to each stage between two moments, how many came to the next within so long; and how many
-- came later, so that their time is not over. One look at everybody's history.
WITH first AS (
    SELECT min(at) FILTER (WHERE from_stage < 2 AND to_stage >= 2) AS prospect,
           min(at) FILTER (WHERE from_stage < 3 AND to_stage >= 3) AS trial,
           min(at) FILTER (WHERE from_stage < 4 AND to_stage >= 4) AS existing,
           min(at) FILTER (WHERE from_stage < 5 AND to_stage >= 5) AS regular
    FROM pyramid_change
    WHERE to_stage > from_stage
    GROUP BY contact_id
)
SELECT step.to_stage, count(*) FILTER (WHERE step.came < %(until)s),
       count(*) FILTER (WHERE step.came < %(until)s AND step.rose <= step.came + %(within)s::interval),
       count(*) FILTER (WHERE step.came >= %(until)s)
FROM first
CROSS JOIN LATERAL (VALUES (3, prospect, trial), (4, trial, existing), (5, existing, regular)) AS step (to_stage, came, rose)
WHERE step.came >= %(since)s
GROUP BY step.to_stage
