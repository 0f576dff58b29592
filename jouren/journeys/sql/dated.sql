-- name: dated_entries
SELECT journey_id, trigger, seen_until FROM journeys_dated_entries

-- name: dated_entries_begin
-- What was over when the version was published brings nobody in.
INSERT INTO journeys_dated_entries (journey_id, trigger, seen_until)
SELECT version.journey_id, wanted.trigger, version.created_at
FROM unnest(%(version_ids)s::bigint[], %(triggers)s::text[]) AS wanted (version_id, trigger)
JOIN journeys_journeyversion AS version ON version.id = wanted.version_id
ON CONFLICT (journey_id, trigger) DO NOTHING

-- name: dated_entries_end
DELETE FROM journeys_dated_entries AS known
USING unnest(%(journey_ids)s::bigint[], %(triggers)s::text[]) AS row (journey_id, trigger)
WHERE known.journey_id = row.journey_id AND known.trigger = row.trigger

-- name: dated_entries_lock
SELECT seen_until, after_contact_id FROM journeys_dated_entries
WHERE journey_id = %(journey_id)s AND trigger = %(trigger)s
FOR UPDATE SKIP LOCKED

-- name: dated_entries_seen
UPDATE journeys_dated_entries SET seen_until = %(seen_until)s, after_contact_id = %(after)s
WHERE journey_id = %(journey_id)s AND trigger = %(trigger)s

-- name: happened_between
-- What happened to the next people, as whom they were merged with; imported history brings nobody in.
WITH told AS (
    SELECT coalesce(alias.to_id, event.contact_id) AS person, event.id, event.payload
    FROM events_event AS event LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
    WHERE event.type = %(type)s AND event.occurred_at >= %(start)s AND event.occurred_at < %(end)s
      AND NOT event.historical
), next AS (
    SELECT DISTINCT person FROM told WHERE person > %(after)s ORDER BY person LIMIT %(limit)s
)
SELECT person, payload FROM told JOIN next USING (person) ORDER BY person, told.id
