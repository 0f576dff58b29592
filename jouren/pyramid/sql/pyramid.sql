-- name: lock_people
-- The person's row is the lock: a position may not exist yet. Erased and merged people do not move.
SELECT id
FROM contacts_contact
WHERE id = ANY(%(contact_ids)s) AND erased_at IS NULL AND merged_at IS NULL
ORDER BY id
FOR NO KEY UPDATE

-- name: positions
-- A statement of its own, after the lock: one that waited for the lock would still see the positions of before.
SELECT contact_id, stage FROM pyramid_position WHERE contact_id = ANY(%(contact_ids)s)

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

-- name: count_events
-- How many events like the one at hand a person has by then; ids that were merged into theirs count as theirs.
SELECT asked.position, count(*)
FROM unnest(%(contact_ids)s::bigint[], %(types)s::text[], %(matches)s::jsonb[], %(event_ids)s::bigint[])
    WITH ORDINALITY AS asked (contact_id, type, match, event_id, position)
CROSS JOIN LATERAL (
    SELECT asked.contact_id AS id
    UNION ALL
    SELECT from_id FROM contacts_alias WHERE to_id = asked.contact_id
) AS known
JOIN events_event AS event
    ON event.contact_id = known.id AND event.type = asked.type AND event.id <= asked.event_id
    AND event.payload @> asked.match
GROUP BY asked.position

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
