-- name: claim_due
-- What another advancer holds is skipped; it is ours again if that one dies.
SELECT id, version_id, contact_id, occurrence, step::text, arrived_at, coalesce(counted_from, entered_at), heard_path,
       key, skips, journey_id, place::text
FROM journeys_enrolment
WHERE state = 1 AND due_at <= %(now)s
ORDER BY due_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: write_moves
-- Where people have come to is told once for all who have come to the same (core.arrays.fold).
UPDATE journeys_enrolment AS enrolment
SET state = moved.state, step = moved.step, arrived_at = moved.arrived_at, due_at = moved.due_at,
    waits_for = moved.waits_for, heard_event_id = NULL, heard_path = NULL,
    ended_at = CASE WHEN moved.state <> 1 THEN %(now)s::timestamptz END,
    reason = moved.reason, place = moved.place,
    shifted = CASE WHEN enrolment.step IS NOT DISTINCT FROM moved.step THEN enrolment.shifted END
FROM unnest(%(ids)s::bigint[], %(where)s::integer[]) AS walk (id, number)
JOIN unnest(
    %(states)s::smallint[], %(steps)s::uuid[], %(arrived_at)s::timestamptz[], %(due_at)s::timestamptz[],
    %(waits_for)s::text[], %(reasons)s::text[], %(places)s::uuid[]
) WITH ORDINALITY AS moved (state, step, arrived_at, due_at, waits_for, reason, place, number) USING (number)
WHERE enrolment.id = walk.id

-- name: stop_skipping
UPDATE journeys_enrolment SET skips = false WHERE id = ANY(%(ids)s)

-- name: standing_still
-- Of these journeys, those in which nobody goes on: they are paused, or not published.
SELECT journey.id FROM journeys_journey AS journey
WHERE journey.id = ANY(%(journey_ids)s) AND (
    EXISTS (SELECT FROM journeys_pause AS pause WHERE pause.journey_id = journey.id AND pause.resumed_at IS NULL)
    OR NOT EXISTS (SELECT FROM journeys_journeyversion AS version WHERE version.journey_id = journey.id AND version.live)
)

-- name: hold
UPDATE journeys_enrolment SET held_due_at = due_at, due_at = NULL WHERE id = ANY(%(ids)s)

-- name: fail
UPDATE journeys_enrolment
SET state = 4, due_at = NULL, waits_for = NULL, ended_at = %(now)s, reason = %(reason)s
WHERE id = ANY(%(ids)s)

-- name: next_due
SELECT min(due_at) FROM journeys_enrolment WHERE state = 1 AND due_at > %(now)s

-- name: is_due
SELECT EXISTS (SELECT 1 FROM journeys_enrolment WHERE state = 1 AND due_at <= %(now)s)

-- name: live_versions
SELECT id, journey_id, run_id FROM journeys_journeyversion WHERE live ORDER BY id

-- name: version
SELECT version.id, version.journey_id, version.run_id, journey.name, version.compiled
FROM journeys_journeyversion AS version JOIN journeys_journey AS journey ON journey.id = version.journey_id
WHERE version.id = %(id)s

-- name: walks_of_runs
-- The walks that journeys' deliveries belong to, the newest one each, with the version that each is on. Journeys
-- that never had a goal or an exit are left out.
SELECT DISTINCT ON (asked.run_id, enrolment.contact_id)
       asked.run_id, enrolment.contact_id, enrolment.version_id, coalesce(enrolment.counted_from, enrolment.entered_at),
       enrolment.arrived_at
FROM (
    SELECT DISTINCT run_id, journey_id FROM journeys_journeyversion
    WHERE run_id = ANY(%(run_ids)s::bigint[]) AND may_end_early
) AS journey
JOIN unnest(%(run_ids)s::bigint[], %(contact_ids)s::bigint[]) AS asked (run_id, contact_id)
  ON asked.run_id = journey.run_id
JOIN journeys_enrolment AS enrolment
  ON enrolment.journey_id = journey.journey_id AND enrolment.contact_id = asked.contact_id AND enrolment.state <> 5
ORDER BY asked.run_id, enrolment.contact_id, enrolment.occurrence DESC

-- name: open_pause
SELECT id, entries FROM journeys_pause WHERE journey_id = %(journey_id)s AND resumed_at IS NULL

-- name: enrol
-- Each at most once at a time; how often else is the journey's choice. While the journey is paused, people begin to
-- stand still (holds), or are turned away by the pause and only noted.
--
-- Who is held out is drawn by lot, once: who has walked the journey goes on to, who was held out stays out while there is
-- a holdout, and one row says so.
WITH entering AS (
SELECT wanted.contact_id, wanted.key, coalesce(past.latest, 0) + 1 AS occurrence, side.is_held_out
FROM unnest(%(contact_ids)s::bigint[], %(keys)s::text[], %(drawn)s::boolean[]) AS wanted (contact_id, key, is_drawn)
LEFT JOIN LATERAL (
    SELECT max(occurrence) AS latest, bool_or(state = 1) AS active, bool_or(state = 5) AS held_out,
           bool_or(state <> 5) AS walked, bool_or(state <> 5 AND key = wanted.key) AS same,
           max(entered_at) FILTER (WHERE state <> 5) AS last
    FROM journeys_enrolment
    WHERE journey_id = %(journey_id)s AND contact_id = wanted.contact_id
) AS past ON true
CROSS JOIN LATERAL (
    SELECT %(has_holdout)s AND past.walked IS NOT TRUE AND (past.held_out IS TRUE OR wanted.is_drawn) AS is_held_out
) AS side
WHERE CASE CASE WHEN side.is_held_out THEN 'held out' ELSE %(reentry)s::text END
          WHEN 'held out' THEN past.held_out IS NOT TRUE
          WHEN 'once' THEN past.walked IS NOT TRUE
          WHEN 'again' THEN past.active IS NOT TRUE
          WHEN 'after' THEN past.active IS NOT TRUE
              AND (past.last IS NULL OR past.last <= %(now)s::timestamptz - %(days)s::integer * interval '24 hours')
          WHEN 'keyed' THEN past.same IS NOT TRUE
      END
), turned_away AS (
INSERT INTO journeys_turnedaway (pause_id, contact_id)
SELECT %(turned_away_by)s::bigint, contact_id FROM entering WHERE %(turned_away_by)s::bigint IS NOT NULL
ON CONFLICT (pause_id, contact_id) DO NOTHING
)
INSERT INTO journeys_enrolment
    (journey_id, version_id, contact_id, occurrence, key, state, step, arrived_at, due_at, held_due_at, waits_for,
     entered_at)
SELECT %(journey_id)s, %(version_id)s, contact_id, occurrence, key, CASE WHEN is_held_out THEN 5 ELSE 1 END,
       CASE WHEN NOT is_held_out THEN %(first)s::uuid END, %(now)s,
       CASE WHEN NOT is_held_out AND NOT %(holds)s THEN %(now)s::timestamptz END,
       CASE WHEN NOT is_held_out AND %(holds)s THEN %(now)s::timestamptz END,
       CASE WHEN NOT is_held_out THEN %(waits_for)s END, %(now)s
FROM entering
WHERE %(turned_away_by)s::bigint IS NULL
ON CONFLICT (journey_id, contact_id, occurrence) DO NOTHING
RETURNING contact_id, id, state = 5, coalesce((SELECT share FROM messaging_controlgroup WHERE id = 1), 0)

-- name: note_control_group
UPDATE journeys_enrolment SET in_control_group = true WHERE id = ANY(%(ids)s::bigint[])

-- name: held_out_of
SELECT DISTINCT contact_id FROM journeys_enrolment
WHERE journey_id = %(journey_id)s AND contact_id = ANY(%(contact_ids)s::bigint[]) AND state = 5

-- name: start_pace
INSERT INTO journeys_entrypace (journey_id, busy_until) VALUES (%(journey_id)s, %(now)s) ON CONFLICT DO NOTHING

-- name: lock_pace
SELECT busy_until FROM journeys_entrypace WHERE journey_id = %(journey_id)s FOR UPDATE

-- name: set_pace
UPDATE journeys_entrypace SET busy_until = %(busy_until)s WHERE journey_id = %(journey_id)s

-- name: begin_later
UPDATE journeys_enrolment AS enrolment
SET entered_at = paced.at, arrived_at = paced.at,
    due_at = CASE WHEN enrolment.held_due_at IS NULL AND enrolment.state = 1 THEN paced.at END,
    held_due_at = CASE WHEN enrolment.held_due_at IS NOT NULL THEN paced.at END
FROM unnest(%(ids)s::bigint[], %(at)s::timestamptz[]) AS paced (id, at)
WHERE enrolment.id = paced.id

-- name: payloads
-- What happened to these people before, and as whom they were merged with.
SELECT coalesce(alias.to_id, event.contact_id), event.payload
FROM (
    SELECT contact_id FROM unnest(%(contact_ids)s::bigint[]) AS asked (contact_id)
    UNION
    SELECT from_id FROM contacts_alias WHERE to_id = ANY(%(contact_ids)s::bigint[])
) AS person (contact_id)
JOIN events_event AS event ON event.contact_id = person.contact_id
LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
WHERE event.type = %(type)s AND (%(since)s::timestamptz IS NULL OR event.occurred_at > %(since)s)
  AND event.occurred_at <= %(now)s

-- name: listening
-- Those who wait for one of these, and those whose walk it may end. Held from here on, in order: nobody walks on, and no
-- publishing moves them, before they have heard it.
SELECT enrolment.id, enrolment.version_id, enrolment.step::text, enrolment.contact_id,
       enrolment.arrived_at - coalesce(enrolment.shifted, interval '0'), enrolment.key, enrolment.entered_at,
       enrolment.occurrence
FROM unnest(%(contact_ids)s::bigint[], %(types)s::text[]) AS happened (contact_id, type)
JOIN journeys_enrolment AS enrolment
  ON enrolment.contact_id = happened.contact_id AND enrolment.state = 1
 AND (
     happened.type = ANY(string_to_array(enrolment.waits_for, ' '))
     OR happened.type IN (SELECT unnest(ends_on) FROM journeys_journeyversion WHERE ends_on <> '{}')
 )
ORDER BY enrolment.id
FOR UPDATE OF enrolment

-- name: wake
-- Who stands still hears it too, and goes on when the journey does.
-- Who has walked on while this waited for their row does not hear it: it was not meant for the step they are at now.
-- Of two that come before anybody looks, the one whose way stands higher counts.
UPDATE journeys_enrolment AS enrolment
SET heard_event_id = heard.event_id, heard_path = heard.path,
    due_at = CASE WHEN enrolment.due_at IS NOT NULL THEN %(now)s::timestamptz END,
    held_due_at = CASE WHEN enrolment.due_at IS NULL THEN %(now)s::timestamptz END
FROM unnest(%(ids)s::bigint[], %(steps)s::uuid[], %(event_ids)s::bigint[], %(paths)s::smallint[])
    AS heard (id, step, event_id, path)
WHERE enrolment.id = heard.id AND enrolment.step = heard.step AND enrolment.state = 1
  AND (enrolment.heard_path IS NULL OR enrolment.heard_path > heard.path)

-- name: walked
-- The walks that are at their end, of journeys that one of these may end: a message of theirs may still wait.
SELECT DISTINCT enrolment.version_id, enrolment.contact_id, enrolment.occurrence, enrolment.key, enrolment.entered_at
FROM unnest(%(contact_ids)s::bigint[], %(types)s::text[]) AS happened (contact_id, type)
JOIN (SELECT journey_id, unnest(ends_on) AS type FROM journeys_journeyversion WHERE ends_on <> '{}') AS ending
  ON ending.type = happened.type
JOIN journeys_enrolment AS enrolment
  ON enrolment.journey_id = ending.journey_id AND enrolment.contact_id = happened.contact_id
 AND enrolment.state IN (2, 3)

-- name: end_walks
UPDATE journeys_enrolment AS enrolment
SET state = 3, due_at = NULL, held_due_at = NULL, waits_for = NULL, ended_at = %(now)s, reason = ended.reason
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS ended (id, reason)
WHERE enrolment.id = ended.id AND enrolment.state = 1

-- name: hold_walks_of
-- In the order in which others hold them, so that nobody waits in a circle.
SELECT count(*) FROM (
    SELECT id FROM journeys_enrolment WHERE contact_id = ANY(%(contact_ids)s) AND state = 1 ORDER BY id FOR UPDATE
) AS walks

-- name: leave
UPDATE journeys_enrolment
SET state = 3, due_at = NULL, held_due_at = NULL, waits_for = NULL, ended_at = %(now)s, reason = %(reason)s
WHERE contact_id = ANY(%(contact_ids)s) AND state = 1
RETURNING contact_id, journey_id

-- name: end_doubled_walks
-- Two walks of a journey go side by side only where each is about something else, and the journey tells them apart by it.
UPDATE journeys_enrolment AS gone
SET state = 3, due_at = NULL, held_due_at = NULL, waits_for = NULL, ended_at = %(now)s, reason = 'merged'
FROM journeys_enrolment AS kept, journeys_journeyversion AS version
WHERE gone.contact_id = %(gone_id)s AND gone.state = 1 AND version.id = gone.version_id
  AND kept.contact_id = %(kept_id)s AND kept.state = 1 AND kept.journey_id = gone.journey_id
  AND (kept.key = gone.key OR version.compiled ->> 'reentry' <> 'keyed')

-- name: hand_over_walks
UPDATE journeys_enrolment AS gone
SET contact_id = %(kept_id)s,
    occurrence = gone.occurrence + coalesce(
        (SELECT max(kept.occurrence) FROM journeys_enrolment AS kept
         WHERE kept.journey_id = gone.journey_id AND kept.contact_id = %(kept_id)s), 0)
WHERE gone.contact_id = %(gone_id)s

-- name: forget_turned_away
DELETE FROM journeys_turnedaway WHERE contact_id = ANY(%(contact_ids)s)

-- name: forget_walks
-- A key is a word of an event's, and an error quotes what it failed on.
UPDATE journeys_enrolment
SET key = '', reason = CASE WHEN state = 4 THEN '' ELSE reason END
WHERE contact_id = ANY(%(contact_ids)s) AND (key <> '' OR state = 4)
