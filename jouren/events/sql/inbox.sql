-- name: claim_shards
-- A claimed shard stays locked until the batch commits: no second reactor sees its events. History keeps away from a
-- shard where live events wait.
SELECT shard
FROM events_shard
WHERE EXISTS (
    SELECT FROM events_inbox WHERE events_inbox.historical = %(historical)s AND events_inbox.shard = events_shard.shard
) AND NOT (%(historical)s AND EXISTS (
    SELECT FROM events_inbox AS live WHERE NOT live.historical AND live.shard = events_shard.shard
))
ORDER BY random()
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: take
SELECT queued.shard, event.id, event.contact_id, event.type, event.version, event.occurred_at, event.recorded_at, event.source,
       event.payload, event.historical
FROM (
    SELECT shard, event_id, recorded_at
    FROM events_inbox
    WHERE historical = %(historical)s AND shard = ANY(%(shards)s)
    ORDER BY event_id
    LIMIT %(limit)s
) AS queued
JOIN events_event AS event ON event.id = queued.event_id AND event.recorded_at = queued.recorded_at
ORDER BY event.id

-- name: send_on
-- To the shard of whom the person has become; its holder, now or next, will find them.
UPDATE events_inbox
SET shard = living.contact_id %% 32, contact_id = living.contact_id
FROM unnest(%(event_ids)s::bigint[], %(contact_ids)s::bigint[]) AS living (event_id, contact_id)
WHERE historical = %(historical)s AND shard = ANY(%(shards)s) AND events_inbox.event_id = living.event_id

-- name: hand_over_inbox
UPDATE events_inbox SET shard = %(kept_id)s::bigint %% 32, contact_id = %(kept_id)s
WHERE historical IN (false, true) AND shard = %(gone_id)s::bigint %% 32 AND contact_id = %(gone_id)s

-- name: hand_over_parked
UPDATE events_parked SET contact_id = %(kept_id)s WHERE contact_id = %(gone_id)s

-- name: done
DELETE FROM events_inbox
WHERE historical = %(historical)s AND shard = ANY(%(shards)s) AND event_id = ANY(%(event_ids)s)

-- name: is_empty
SELECT NOT EXISTS (SELECT 1 FROM events_inbox)

-- name: live_ones_wait
SELECT FROM events_inbox WHERE NOT historical AND shard = ANY(%(shards)s) LIMIT 1

-- name: waiting
SELECT count(*), min(recorded_at) FROM events_inbox

-- name: contacts_parked
-- Each lane has its own order: bad imported history holds up nobody's present.
SELECT DISTINCT contact_id FROM events_parked
WHERE contact_id = ANY(%(contact_ids)s) AND historical = %(historical)s

-- name: park
INSERT INTO events_parked (event_id, recorded_at, contact_id, type, historical, reaction, error, parked_at, attempts)
VALUES (%(event_id)s, %(recorded_at)s, %(contact_id)s, %(type)s, %(historical)s, %(reaction)s, %(error)s, %(now)s,
        1 + coalesce((
            SELECT attempts FROM events_inbox
            WHERE historical = %(historical)s AND shard = %(contact_id)s::bigint %% 32 AND event_id = %(event_id)s
        ), 0))
ON CONFLICT (event_id) DO NOTHING

-- name: unpark
-- The inbox is read by event id, so what comes back goes before whatever came later.
WITH returned AS (
    DELETE FROM events_parked WHERE contact_id = ANY(%(contact_ids)s)
    RETURNING event_id, recorded_at, contact_id, historical, attempts, reaction
)
INSERT INTO events_inbox (historical, shard, event_id, recorded_at, contact_id, attempts)
SELECT historical, contact_id %% 32, event_id, recorded_at, contact_id, CASE WHEN reaction = '' THEN 0 ELSE attempts END
FROM returned
ON CONFLICT DO NOTHING

-- name: lock_shards_of
SELECT shard FROM events_shard
WHERE shard IN (SELECT DISTINCT contact_id %% 32 FROM unnest(%(contact_ids)s::bigint[]) AS ids (contact_id))
ORDER BY shard
FOR UPDATE
