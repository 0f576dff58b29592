-- name: live_version_of
SELECT id FROM journeys_journeyversion WHERE journey_id = %(journey_id)s AND live

-- name: chains
-- Of each walk: how long the chain of starts is that led to it, and how often one journey stands in it.
WITH RECURSIVE chain AS (
    SELECT walk.id AS asked, walk.journey_id, walk.started_by, 1 AS length
    FROM journeys_enrolment AS walk
    WHERE walk.id = ANY(%(ids)s)
    UNION ALL
    SELECT chain.asked, before.journey_id, before.started_by, chain.length + 1
    FROM chain
    JOIN journeys_enrolment AS before ON before.id = chain.started_by
    WHERE chain.length < %(longest)s
)
SELECT asked, max(length), count(*) FILTER (WHERE journey_id = %(journey_id)s) FROM chain GROUP BY asked

-- name: note_starts
UPDATE journeys_enrolment AS walk
SET started_by = start.by_id
FROM unnest(%(ids)s::bigint[], %(by_ids)s::bigint[]) AS start (id, by_id)
WHERE walk.id = start.id

-- name: take_out
-- Ends walks of one journey, or (null) of all but the one that says so. The order of locking keeps two batches from
-- waiting for each other.
WITH wanted AS MATERIALIZED (
    SELECT walk.id
    FROM unnest(%(contact_ids)s::bigint[], %(from_ids)s::bigint[]) AS asked (contact_id, from_id)
    JOIN journeys_enrolment AS walk
      ON walk.contact_id = asked.contact_id AND walk.state = 1 AND walk.journey_id <> asked.from_id
     AND (%(journey_id)s::bigint IS NULL OR walk.journey_id = %(journey_id)s)
    ORDER BY walk.id
    FOR UPDATE OF walk
)
UPDATE journeys_enrolment AS walk
SET state = 3, due_at = NULL, held_due_at = NULL, waits_for = NULL, ended_at = %(now)s, reason = %(reason)s
FROM wanted, journeys_journey AS journey, journeys_journeyversion AS version
WHERE walk.id = wanted.id AND walk.state = 1 AND journey.id = walk.journey_id AND version.id = walk.version_id
RETURNING walk.contact_id, walk.journey_id, journey.name, version.run_id

-- name: live_programs
SELECT version.journey_id, journey.name, version.compiled -> 'triggers', (
    SELECT coalesce(jsonb_agg(step.value -> 'journey'), '[]')
    FROM jsonb_each(version.compiled -> 'steps') AS step
    WHERE step.value ->> 'type' = 'start_journey'
)
FROM journeys_journeyversion AS version
JOIN journeys_journey AS journey ON journey.id = version.journey_id
WHERE version.live
ORDER BY version.journey_id
