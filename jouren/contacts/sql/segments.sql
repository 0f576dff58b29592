-- name: segments
SELECT id, name, version, filled_version FROM contacts_segment WHERE deleted_at IS NULL ORDER BY id

-- name: segment_condition
SELECT condition FROM contacts_segment WHERE id = %(id)s AND version = %(version)s AND deleted_at IS NULL

-- name: segment_shards
-- Whoever holds a person's shard is the only one to write where they stand. The reactor holds those of its batch.
SELECT shard FROM events_shard WHERE shard = ANY(%(shards)s) ORDER BY shard FOR UPDATE SKIP LOCKED

-- name: segment_standings
SELECT contact_id, segment_id, is_member, recheck_at
FROM contacts_segment_standing
WHERE contact_id = ANY(%(contact_ids)s) AND segment_id = ANY(%(segment_ids)s)

-- name: segment_write
INSERT INTO contacts_segment_standing AS known (contact_id, segment_id, is_member, since, recheck_at)
SELECT contact_id, segment_id, is_member, CASE WHEN is_member THEN %(now)s::timestamptz END, recheck_at
FROM unnest(
    %(contact_ids)s::bigint[], %(segment_ids)s::bigint[], %(members)s::boolean[], %(rechecks)s::timestamptz[]
) AS row (contact_id, segment_id, is_member, recheck_at)
ON CONFLICT (contact_id, segment_id) DO UPDATE
SET is_member = excluded.is_member, recheck_at = excluded.recheck_at,
    since = CASE WHEN known.is_member AND excluded.is_member THEN known.since ELSE excluded.since END

-- name: segment_drop
DELETE FROM contacts_segment_standing AS known
USING unnest(%(contact_ids)s::bigint[], %(segment_ids)s::bigint[]) AS row (contact_id, segment_id)
WHERE known.contact_id = row.contact_id AND known.segment_id = row.segment_id

-- name: segment_count
-- The same for the totals and for the day, in the order of their keys.
WITH moved AS (
    SELECT segment_id, (contact_id %% 32)::smallint AS shard, count(*) FILTER (WHERE entered) AS entered,
           count(*) FILTER (WHERE NOT entered) AS gone
    FROM unnest(%(contact_ids)s::bigint[], %(segment_ids)s::bigint[], %(entered)s::boolean[])
        AS row (contact_id, segment_id, entered)
    GROUP BY 1, 2
    ORDER BY 1, 2
), counted AS (
    INSERT INTO contacts_segment_tally AS known (segment_id, shard, people, changed_at)
    SELECT segment_id, shard, entered - gone, %(now)s FROM moved
    ON CONFLICT (segment_id, shard) DO UPDATE
    SET people = known.people + excluded.people, changed_at = excluded.changed_at
)
INSERT INTO contacts_segment_day AS known (segment_id, day, shard, entered, gone)
SELECT segment_id, %(day)s, shard, entered, gone FROM moved
ON CONFLICT (segment_id, day, shard) DO UPDATE
SET entered = known.entered + excluded.entered, gone = known.gone + excluded.gone

-- name: segment_wait
INSERT INTO contacts_segment_waiting (contact_id, segment_id, historical)
SELECT * FROM unnest(%(contact_ids)s::bigint[], %(segment_ids)s::bigint[], %(historical)s::boolean[])

-- name: segment_wait_for_all
INSERT INTO contacts_segment_waiting (contact_id, segment_id, historical)
SELECT contact_id, 0, historical
FROM unnest(%(contact_ids)s::bigint[], %(historical)s::boolean[]) AS row (contact_id, historical)
WHERE EXISTS (SELECT 1 FROM contacts_segment)

-- name: segment_due
SELECT contact_id, segment_id
FROM contacts_segment_standing
WHERE recheck_at <= %(now)s AND segment_id = ANY(%(segment_ids)s)
ORDER BY recheck_at
LIMIT %(limit)s

-- name: segment_waiting
SELECT id, contact_id, segment_id, historical
FROM contacts_segment_waiting
WHERE segment_id = ANY(%(segment_ids)s)
ORDER BY id
LIMIT %(limit)s

-- name: segment_waiting_for_none
-- Without a segment nobody waits for one.
DELETE FROM contacts_segment_waiting WHERE NOT EXISTS (SELECT 1 FROM contacts_segment WHERE deleted_at IS NULL)

-- name: segment_waited
DELETE FROM contacts_segment_waiting WHERE id = ANY(%(ids)s)

-- name: segment_next_due
SELECT min(recheck_at) FROM contacts_segment_standing WHERE recheck_at > %(now)s

-- name: segment_is_busy
SELECT EXISTS (
    SELECT 1 FROM contacts_segment_standing WHERE recheck_at <= %(now)s AND segment_id = ANY(%(segment_ids)s)
) OR EXISTS (
    SELECT 1 FROM contacts_segment_waiting
    WHERE segment_id = ANY(%(segment_ids)s) OR (segment_id = 0 AND cardinality(%(segment_ids)s::bigint[]) > 0)
)

-- name: segment_to_fill
SELECT id, version, deleted_at IS NOT NULL
FROM contacts_segment
WHERE deleted_at IS NOT NULL OR version <> filled_version
ORDER BY id

-- name: segment_seen
-- From when on everybody who begins a transaction knows this version.
UPDATE contacts_segment SET seen_at = clock_timestamp() WHERE id = %(id)s AND seen_at IS NULL

-- name: segment_is_settled
-- Whether whatever began before everybody knew the version is over: what such a transaction changes, nobody looks at for
-- this segment. One that has written nothing yet will see the version when it does. Autovacuum changes nobody.
SELECT segment.seen_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM pg_stat_activity AS other
    WHERE other.datname = current_database() AND other.pid <> pg_backend_pid() AND other.backend_xid IS NOT NULL
      AND other.backend_type NOT LIKE 'autovacuum%%'
      AND other.xact_start <= segment.seen_at
)
FROM contacts_segment AS segment WHERE segment.id = %(id)s

-- name: segment_fill_anew
UPDATE contacts_segment SET version = version + 1, seen_at = NULL WHERE id = ANY(%(ids)s)

-- name: segment_lock
SELECT pg_try_advisory_lock(7406011, %(id)s::integer)

-- name: segment_unlock
SELECT pg_advisory_unlock(7406011, %(id)s::integer)

-- name: segment_lock_definitions
SELECT pg_advisory_xact_lock(7406012)

-- name: segment_fill
-- Those of a stretch of ids: who is not among them is gone.
WITH fresh AS (
    SELECT * FROM unnest(%(contact_ids)s::bigint[], %(members)s::boolean[], %(rechecks)s::timestamptz[])
        AS row (contact_id, is_member, recheck_at)
), gone AS (
    DELETE FROM contacts_segment_standing AS known
    WHERE known.segment_id = %(id)s AND known.contact_id > %(after)s AND known.contact_id <= %(upto)s
      AND NOT EXISTS (SELECT 1 FROM fresh WHERE fresh.contact_id = known.contact_id)
)
INSERT INTO contacts_segment_standing AS known (contact_id, segment_id, is_member, recheck_at)
SELECT contact_id, %(id)s, is_member, recheck_at FROM fresh
ON CONFLICT (contact_id, segment_id) DO UPDATE
SET is_member = excluded.is_member, recheck_at = excluded.recheck_at,
    since = CASE WHEN known.is_member AND excluded.is_member THEN known.since END
WHERE (known.is_member, known.recheck_at) IS DISTINCT FROM (excluded.is_member, excluded.recheck_at)

-- name: segment_tally_drop
DELETE FROM contacts_segment_tally WHERE segment_id = %(id)s

-- name: segment_tally
INSERT INTO contacts_segment_tally (segment_id, shard, people, changed_at)
SELECT segment_id, contact_id %% 32, count(*), %(now)s
FROM contacts_segment_standing
WHERE segment_id = %(id)s AND is_member
GROUP BY 1, 2

-- name: segment_filled
UPDATE contacts_segment SET filled_version = %(version)s, filled_at = %(now)s WHERE id = %(id)s

-- name: segment_clear
DELETE FROM contacts_segment_standing
WHERE segment_id = %(id)s AND contact_id = ANY(ARRAY(
    SELECT contact_id FROM contacts_segment_standing WHERE segment_id = %(id)s LIMIT %(limit)s
))

-- name: segment_forget
WITH tally AS (DELETE FROM contacts_segment_tally WHERE segment_id = %(id)s),
     days AS (DELETE FROM contacts_segment_day WHERE segment_id = %(id)s),
     waiting AS (DELETE FROM contacts_segment_waiting WHERE segment_id = %(id)s)
DELETE FROM contacts_segment WHERE id = %(id)s

-- name: segment_people
SELECT contact_id, since
FROM contacts_segment_standing
WHERE segment_id = %(id)s AND is_member AND contact_id < %(before)s
ORDER BY contact_id DESC
LIMIT %(limit)s

-- name: segment_members_held
-- The next people who were in a segment by a moment and still are. Nobody erases or merges them meanwhile.
SELECT standing.contact_id
FROM contacts_segment_standing AS standing
JOIN contacts_contact AS contact ON contact.id = standing.contact_id
WHERE standing.segment_id = %(id)s AND standing.is_member AND standing.contact_id > %(after)s
  AND (standing.since IS NULL OR standing.since <= %(by)s)
  AND contact.erased_at IS NULL AND contact.merged_at IS NULL
ORDER BY standing.contact_id
LIMIT %(limit)s
FOR SHARE OF contact

-- name: segment_totals
SELECT segment_id, sum(people)::bigint, max(changed_at)
FROM contacts_segment_tally
WHERE segment_id = ANY(%(ids)s)
GROUP BY segment_id

-- name: segment_days
SELECT day, sum(entered)::bigint, sum(gone)::bigint
FROM contacts_segment_day
WHERE segment_id = %(id)s AND day >= %(since)s
GROUP BY day
ORDER BY day DESC

-- name: segments_of
SELECT segment.id, segment.name, standing.since
FROM contacts_segment_standing AS standing
JOIN contacts_segment AS segment ON segment.id = standing.segment_id
WHERE standing.contact_id = %(contact_id)s AND standing.is_member AND segment.deleted_at IS NULL
ORDER BY segment.name, segment.id
