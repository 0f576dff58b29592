-- name: claim_due
-- What another advancer holds is skipped; it is ours again if that one dies.
SELECT id, version_id, contact_id, occurrence, step::text, arrived_at, entered_at, heard_event_id IS NOT NULL
FROM journeys_enrolment
WHERE state = 1 AND due_at <= %(now)s
ORDER BY due_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: write_moves
UPDATE journeys_enrolment AS enrolment
SET state = moved.state, step = moved.step, arrived_at = moved.arrived_at, due_at = moved.due_at,
    waits_for = moved.waits_for, heard_event_id = NULL, ended_at = moved.ended_at, reason = moved.reason
FROM unnest(
    %(ids)s::bigint[], %(states)s::smallint[], %(steps)s::uuid[], %(arrived_at)s::timestamptz[],
    %(due_at)s::timestamptz[], %(waits_for)s::text[], %(ended_at)s::timestamptz[], %(reasons)s::text[]
) AS moved (id, state, step, arrived_at, due_at, waits_for, ended_at, reason)
WHERE enrolment.id = moved.id

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
-- The walks that live journeys' deliveries belong to: the newest one each.
SELECT DISTINCT ON (version.run_id, enrolment.contact_id)
       version.run_id, enrolment.contact_id, version.id, enrolment.entered_at, enrolment.arrived_at
FROM journeys_journeyversion AS version
JOIN unnest(%(run_ids)s::bigint[], %(contact_ids)s::bigint[]) AS asked (run_id, contact_id)
  ON asked.run_id = version.run_id
JOIN journeys_enrolment AS enrolment
  ON enrolment.journey_id = version.journey_id AND enrolment.contact_id = asked.contact_id
WHERE version.live AND (version.compiled -> 'goal' <> 'null'::jsonb OR version.compiled -> 'exits' <> '[]'::jsonb)
ORDER BY version.run_id, enrolment.contact_id, enrolment.occurrence DESC

-- name: enrol
-- One walk at a time; a second one only where the journey allows it. The count makes the next occurrence, and the
-- unique constraint decides between two who try at once.
INSERT INTO journeys_enrolment
    (journey_id, version_id, contact_id, occurrence, state, step, arrived_at, due_at, entered_at)
SELECT %(journey_id)s, %(version_id)s, wanted.contact_id, coalesce(past.walks, 0) + 1, 1, %(first)s::uuid, %(now)s, %(now)s,
       %(now)s
FROM unnest(%(contact_ids)s::bigint[]) AS wanted (contact_id)
LEFT JOIN LATERAL (
    SELECT max(occurrence) AS walks, bool_or(state = 1) AS active
    FROM journeys_enrolment
    WHERE journey_id = %(journey_id)s AND contact_id = wanted.contact_id
) AS past ON true
WHERE CASE WHEN %(again)s THEN past.active IS NOT TRUE ELSE past.walks IS NULL END
ON CONFLICT (journey_id, contact_id, occurrence) DO NOTHING
RETURNING contact_id

-- name: waiting
SELECT enrolment.id, enrolment.version_id, enrolment.step, enrolment.contact_id, enrolment.arrived_at
FROM unnest(%(contact_ids)s::bigint[], %(types)s::text[]) AS happened (contact_id, type)
JOIN journeys_enrolment AS enrolment
  ON enrolment.contact_id = happened.contact_id AND enrolment.waits_for = happened.type AND enrolment.state = 1

-- name: wake
-- Who stands still (due never) hears it too, and goes on when the journey does.
-- Who has walked on while this waited for their row does not hear it: it was not meant for the step they are at now.
UPDATE journeys_enrolment AS enrolment
SET heard_event_id = heard.event_id, due_at = CASE WHEN enrolment.due_at IS NOT NULL THEN %(now)s::timestamptz END
FROM unnest(%(ids)s::bigint[], %(steps)s::uuid[], %(event_ids)s::bigint[]) AS heard (id, step, event_id)
WHERE enrolment.id = heard.id AND enrolment.step = heard.step AND enrolment.state = 1

-- name: stand_still
-- What people wait for is still listened to: an answer that comes meanwhile is not lost.
UPDATE journeys_enrolment SET due_at = NULL WHERE journey_id = %(journey_id)s AND state = 1

-- name: move_to_version
-- People keep their place. Those whose step is gone go on at the next one that is left (or, null, at the end).
UPDATE journeys_enrolment AS enrolment
SET version_id = %(version_id)s, due_at = %(now)s,
    waits_for = CASE WHEN moved.old IS NULL THEN enrolment.waits_for END,
    heard_event_id = CASE WHEN moved.old IS NULL THEN enrolment.heard_event_id END,
    step = CASE WHEN moved.old IS NULL THEN enrolment.step ELSE moved.new END,
    arrived_at = CASE WHEN moved.old IS NULL THEN enrolment.arrived_at ELSE %(now)s END
FROM journeys_enrolment AS same
LEFT JOIN unnest(%(gone)s::uuid[], %(instead)s::uuid[]) AS moved (old, new) ON moved.old = same.step
WHERE enrolment.id = same.id AND enrolment.journey_id = %(journey_id)s AND enrolment.state = 1

-- name: leave
UPDATE journeys_enrolment
SET state = 3, due_at = NULL, waits_for = NULL, ended_at = %(now)s, reason = %(reason)s
WHERE contact_id = ANY(%(contact_ids)s) AND state = 1
RETURNING contact_id, journey_id

-- name: end_doubled_walks
UPDATE journeys_enrolment AS gone
SET state = 3, due_at = NULL, waits_for = NULL, ended_at = %(now)s, reason = 'merged'
FROM journeys_enrolment AS kept
WHERE gone.contact_id = %(gone_id)s AND gone.state = 1
  AND kept.contact_id = %(kept_id)s AND kept.state = 1 AND kept.journey_id = gone.journey_id

-- name: hand_over_walks
UPDATE journeys_enrolment AS gone
SET contact_id = %(kept_id)s,
    occurrence = gone.occurrence + coalesce(
        (SELECT max(kept.occurrence) FROM journeys_enrolment AS kept
         WHERE kept.journey_id = gone.journey_id AND kept.contact_id = %(kept_id)s), 0)
WHERE gone.contact_id = %(gone_id)s
