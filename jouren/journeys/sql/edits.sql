-- name: lock_journey
-- Not FOR UPDATE: who enters checks the journey's key, and must not wait.
SELECT id FROM journeys_journey WHERE id = %(journey_id)s FOR NO KEY UPDATE

-- name: lock_walks
-- A statement of its own: the next one then sees where those are for whom this one had to wait.
SELECT count(*) FROM (
    SELECT id FROM journeys_enrolment WHERE journey_id = %(journey_id)s AND state = 1 ORDER BY id FOR UPDATE
) AS walks

-- name: active_versions
-- The versions of a journey that somebody is on, and how many stand at each step.
SELECT version_id, step::text, count(*)
FROM journeys_enrolment
WHERE journey_id = %(journey_id)s AND state = 1
GROUP BY version_id, step

-- name: move_people
-- People keep their place. Those whose step is gone go on at the one instead of it (or, null, at the end); where that is
-- a wait for a wait, the time they have waited counts (keeps_time). Whose step says something else now is looked at
-- again. Standing still, they stay that.
UPDATE journeys_enrolment AS enrolment
SET version_id = %(to_id)s,
    step = CASE WHEN gone.old IS NULL THEN enrolment.step ELSE gone.new END,
    arrived_at = CASE WHEN gone.old IS NULL OR gone.keeps_time THEN enrolment.arrived_at ELSE %(now)s END,
    shifted = CASE WHEN gone.old IS NULL OR gone.keeps_time THEN enrolment.shifted END,
    waits_for = CASE WHEN gone.old IS NOT NULL THEN gone.waits_for WHEN anew.step IS NOT NULL THEN anew.waits_for
                     ELSE enrolment.waits_for END,
    heard_event_id = CASE WHEN gone.old IS NULL AND (anew.step IS NULL OR way.now IS NOT NULL)
                          THEN enrolment.heard_event_id END,
    heard_path = CASE WHEN gone.old IS NOT NULL THEN NULL WHEN anew.step IS NOT NULL THEN way.now
                      ELSE enrolment.heard_path END,
    due_at = CASE WHEN %(stands_still)s OR (gone.old IS NULL AND anew.step IS NULL) THEN enrolment.due_at
                  ELSE %(now)s::timestamptz END,
    held_due_at = CASE WHEN gone.old IS NULL AND anew.step IS NULL THEN enrolment.held_due_at
                       WHEN %(stands_still)s THEN %(now)s::timestamptz END
FROM journeys_enrolment AS same
LEFT JOIN unnest(%(gone)s::uuid[], %(instead)s::uuid[], %(keeps_time)s::boolean[], %(instead_waits_for)s::text[])
    AS gone (old, new, keeps_time, waits_for)
  ON gone.old = same.step
LEFT JOIN unnest(%(anew)s::uuid[], %(anew_waits_for)s::text[]) AS anew (step, waits_for) ON anew.step = same.step
LEFT JOIN unnest(%(way_steps)s::uuid[], %(ways_before)s::smallint[], %(ways_now)s::smallint[]) AS way (step, before, now)
  ON way.step = same.step AND way.before = same.heard_path
WHERE enrolment.id = same.id AND enrolment.journey_id = %(journey_id)s AND enrolment.version_id = %(from_id)s
  AND enrolment.state = 1

-- name: stand_still
-- What people wait for is still listened to: an answer that comes meanwhile is not lost.
UPDATE journeys_enrolment SET held_due_at = due_at, due_at = NULL
WHERE journey_id = %(journey_id)s AND state = 1 AND due_at IS NOT NULL

-- name: standing_at
-- People to try an edit on: those of a version at these steps, and (overdue) those who stand still past their time; one
-- in so many.
SELECT id, version_id, contact_id, occurrence, step::text, arrived_at, coalesce(counted_from, entered_at), heard_path,
       key, skips, journey_id, place::text
FROM journeys_enrolment
WHERE journey_id = %(journey_id)s AND version_id = %(version_id)s AND state = 1
  AND (step = ANY(%(steps)s::uuid[]) OR (%(overdue)s AND due_at IS NULL AND coalesce(held_due_at, %(now)s) <= %(now)s))
  AND mod(id, %(one_in)s) = 0
ORDER BY id

-- name: count_standing_at
SELECT count(*)
FROM journeys_enrolment
WHERE journey_id = %(journey_id)s AND version_id = %(version_id)s AND state = 1
  AND (step = ANY(%(steps)s::uuid[]) OR (%(overdue)s AND due_at IS NULL AND coalesce(held_due_at, %(now)s) <= %(now)s))

-- name: planned_before
SELECT delivery.step::text, delivery.contact_id, delivery.occurrence
FROM unnest(%(steps)s::uuid[], %(contact_ids)s::bigint[], %(occurrences)s::bigint[]) AS asked (step, contact_id, occurrence)
JOIN messaging_delivery AS delivery
  ON delivery.run_id = %(run_id)s AND delivery.step = asked.step AND delivery.contact_id = asked.contact_id
 AND delivery.occurrence = asked.occurrence

-- name: held_to_look_at
-- People who stand still at steps that an edit has changed: when they would be looked at has to be found anew.
SELECT id, version_id, contact_id, occurrence, step::text, arrived_at, coalesce(counted_from, entered_at), heard_path,
       key, skips, journey_id, place::text
FROM journeys_enrolment
WHERE journey_id = %(journey_id)s AND version_id = %(version_id)s AND state = 1 AND due_at IS NULL
  AND step = ANY(%(steps)s::uuid[]) AND heard_path IS NULL AND id > %(after)s
ORDER BY id
LIMIT %(limit)s

-- name: hold_until
UPDATE journeys_enrolment AS enrolment SET held_due_at = held.at
FROM unnest(%(ids)s::bigint[], %(at)s::timestamptz[]) AS held (id, at)
WHERE enrolment.id = held.id

-- name: overdue
-- How many stand still at each step, and of them how many are past their time, by how long.
SELECT version_id, step::text, count(*),
       count(*) FILTER (WHERE late >= interval '0'),
       count(*) FILTER (WHERE late >= interval '1 day'),
       count(*) FILTER (WHERE late >= interval '7 days'),
       max(late)
FROM (
    SELECT version_id, step, %(now)s::timestamptz - coalesce(held_due_at, %(now)s) AS late
    FROM journeys_enrolment
    WHERE journey_id = %(journey_id)s AND state = 1 AND due_at IS NULL
) AS standing
GROUP BY version_id, step

-- name: go_on
UPDATE journeys_enrolment SET due_at = coalesce(held_due_at, %(now)s), held_due_at = NULL
WHERE journey_id = %(journey_id)s AND state = 1 AND due_at IS NULL

-- name: go_on_spread
-- Those past their time one after the other, in the order in which they were due.
UPDATE journeys_enrolment AS enrolment
SET due_at = CASE WHEN queue.is_late THEN %(now)s::timestamptz + queue.place * %(length)s::interval ELSE queue.due END,
    held_due_at = NULL
FROM (
    SELECT id, due, is_late,
           (row_number() OVER (PARTITION BY is_late ORDER BY due, id) - 1)::float8
               / count(*) OVER (PARTITION BY is_late) AS place
    FROM (
        SELECT id, coalesce(held_due_at, %(now)s) AS due, coalesce(held_due_at, %(now)s) <= %(now)s AS is_late
        FROM journeys_enrolment
        WHERE journey_id = %(journey_id)s AND state = 1 AND due_at IS NULL
    ) AS standing
) AS queue
WHERE enrolment.id = queue.id

-- name: go_on_skipping
UPDATE journeys_enrolment
SET due_at = coalesce(held_due_at, %(now)s), held_due_at = NULL,
    skips = skips OR coalesce(held_due_at < %(now)s::timestamptz - %(length)s::interval, false)
WHERE journey_id = %(journey_id)s AND state = 1 AND due_at IS NULL

-- name: go_on_shifted
-- As if the pause had not been: days and waiting times count on from where they stopped. Where a time of day has to be
-- found anew (clocked), people are looked at once. Who has heard what they waited for goes on. Dates in the calendar
-- (dated) stay where they are.
UPDATE journeys_enrolment AS enrolment
SET due_at = CASE WHEN stood.is_clocked OR enrolment.heard_path IS NOT NULL THEN %(now)s::timestamptz
                  WHEN stood.is_dated THEN coalesce(enrolment.held_due_at, %(now)s)
                  ELSE coalesce(enrolment.held_due_at + stood.at_step, %(now)s) END,
    held_due_at = NULL,
    arrived_at = CASE WHEN stood.is_dated THEN enrolment.arrived_at ELSE enrolment.arrived_at + stood.at_step END,
    shifted = CASE WHEN stood.is_dated THEN enrolment.shifted
                   ELSE coalesce(enrolment.shifted, interval '0') + stood.at_step END,
    counted_from = coalesce(enrolment.counted_from, enrolment.entered_at) + stood.inside
FROM (
    SELECT id, coalesce(step = ANY(%(dated)s::uuid[]), false) AS is_dated,
           coalesce(step = ANY(%(clocked)s::uuid[]), false) AS is_clocked,
           greatest(interval '0', %(now)s::timestamptz - greatest(%(paused_at)s::timestamptz, arrived_at)) AS at_step,
           greatest(interval '0', %(now)s::timestamptz - greatest(%(paused_at)s::timestamptz, entered_at)) AS inside
    FROM journeys_enrolment
    WHERE journey_id = %(journey_id)s AND state = 1 AND due_at IS NULL
) AS stood
WHERE enrolment.id = stood.id
