-- name: live_series
-- Locked against publishing until this transaction ends, and against nothing else.
SELECT id, live_version_id FROM journeys_series
WHERE id = ANY(%(ids)s) AND live_version_id IS NOT NULL
ORDER BY id
FOR KEY SHARE

-- name: series_version
SELECT rhythm, slots FROM journeys_seriesversion WHERE id = %(id)s

-- name: got_in_walk
-- All that these walks have brought so far. Under the ids that were merged into a person's, what came since they entered.
SELECT walk.id, delivery.step::text
FROM journeys_enrolment AS walk
CROSS JOIN LATERAL (
    SELECT walk.contact_id AS id UNION ALL SELECT from_id FROM contacts_alias WHERE to_id = walk.contact_id
) AS own
JOIN messaging_delivery AS delivery ON delivery.contact_id = own.id AND delivery.run_id = %(run_id)s
WHERE walk.id = ANY(%(ids)s)
  AND CASE WHEN own.id = walk.contact_id THEN delivery.occurrence = walk.occurrence
      ELSE delivery.planned_at >= walk.entered_at END

-- name: got_of_items
-- Which of these items these walks have brought already.
SELECT walk.id, asked.item::text
FROM unnest(%(ids)s::bigint[], %(items)s::uuid[]) AS asked (id, item)
JOIN journeys_enrolment AS walk ON walk.id = asked.id
WHERE EXISTS (
    SELECT FROM messaging_delivery AS delivery
    WHERE delivery.run_id = %(run_id)s AND delivery.step = asked.item AND delivery.contact_id = walk.contact_id
      AND delivery.occurrence = walk.occurrence
) OR EXISTS (
    SELECT FROM contacts_alias AS alias
    JOIN messaging_delivery AS delivery
        ON delivery.run_id = %(run_id)s AND delivery.step = asked.item AND delivery.contact_id = alias.from_id
    WHERE alias.to_id = walk.contact_id AND delivery.planned_at >= walk.entered_at
)

-- name: wake_subscribers
-- Those who have come to the end of a series and wait for more; while their journey stands still, so do they.
UPDATE journeys_enrolment AS enrolment
SET due_at = CASE WHEN enrolment.due_at IS NOT NULL THEN %(now)s::timestamptz END,
    held_due_at = CASE WHEN enrolment.due_at IS NULL THEN %(now)s::timestamptz ELSE enrolment.held_due_at END
FROM journeys_journeyversion AS version, jsonb_each(version.compiled -> 'steps') AS step
WHERE step.value ->> 'type' = 'series' AND (step.value ->> 'series')::bigint = %(series_id)s
  AND enrolment.journey_id = version.journey_id AND enrolment.version_id = version.id
  AND enrolment.step = step.key::uuid AND enrolment.state = 1
  AND coalesce(enrolment.due_at, enrolment.held_due_at) >= %(never)s

-- name: places_stood_on
SELECT DISTINCT place::text FROM journeys_enrolment WHERE state = 1 AND place = ANY(%(places)s::uuid[])

-- name: series_draft
SELECT item.id::text, item.number, message.id, coalesce(message.name, ''), coalesce(message.kind, ''),
       coalesce(message.has_unpublished_changes, false), newest.id
FROM journeys_seriesitem AS item
LEFT JOIN messaging_message AS message ON message.id = item.message_id
LEFT JOIN LATERAL (
    SELECT id FROM messaging_messageversion WHERE message_id = message.id AND run_id IS NULL ORDER BY number DESC LIMIT 1
) AS newest ON message.live
WHERE item.series_id = %(series_id)s
ORDER BY item.number

-- name: journeys_that_send
SELECT DISTINCT journey.name
FROM journeys_journeyversion AS version
JOIN journeys_journey AS journey ON journey.id = version.journey_id
CROSS JOIN LATERAL jsonb_each(version.compiled -> 'steps') AS step
WHERE step.value ->> 'type' = 'series' AND (step.value ->> 'series')::bigint = %(series_id)s
  AND (version.live OR EXISTS (
      SELECT FROM journeys_enrolment AS enrolment WHERE enrolment.version_id = version.id AND enrolment.state = 1
        AND enrolment.journey_id = version.journey_id
  ))
ORDER BY journey.name

-- name: series_page
-- The subject is that of the newest draft: an edited message keeps it in its latest revision.
SELECT * FROM (
    SELECT item.id::text, item.number, message.id AS message_id, coalesce(message.name, '') AS name,
           coalesce(message.kind, '') AS kind,
           coalesce(message.has_unpublished_changes, false) AS is_edited, coalesce(body.subject, '') AS subject,
           newest.id AS version_id, published.version AS published_version
    FROM journeys_seriesitem AS item
    LEFT JOIN messaging_message AS message ON message.id = item.message_id
    LEFT JOIN wagtailcore_revision AS revision
        ON revision.id = message.latest_revision_id AND message.has_unpublished_changes
    LEFT JOIN LATERAL (
        SELECT element -> 'value' ->> 'subject' AS subject
        FROM jsonb_array_elements(coalesce((revision.content ->> 'bodies')::jsonb, message.bodies)) AS element
        WHERE element -> 'value' ? 'subject'
        LIMIT 1
    ) AS body ON true
    LEFT JOIN LATERAL (
        SELECT id FROM messaging_messageversion WHERE message_id = message.id AND run_id IS NULL ORDER BY number DESC LIMIT 1
    ) AS newest ON message.live
    LEFT JOIN unnest(%(published)s::uuid[], %(versions)s::bigint[]) AS published (item, version)
        ON published.item = item.id
    WHERE item.series_id = %(series_id)s AND item.number >= %(from_number)s
) AS listed
WHERE (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(text)s::text IS NULL OR name ILIKE %(text)s OR subject ILIKE %(text)s)
  AND (%(state)s::text IS NULL OR %(state)s = CASE
      WHEN message_id IS NULL THEN 'gone'
      WHEN version_id IS NULL THEN 'draft'
      WHEN published_version IS NULL THEN 'new'
      WHEN published_version <> version_id THEN 'changed'
      ELSE 'published' END)
ORDER BY number
LIMIT %(limit)s

-- name: item_figures
-- Of each item so many deliveries at most; the unique index on run and step finds them.
WITH runs AS (
    SELECT DISTINCT version.run_id AS id
    FROM journeys_journeyversion AS version, jsonb_each(version.compiled -> 'steps') AS step
    WHERE step.value ->> 'type' = 'series' AND (step.value ->> 'series')::bigint = %(series_id)s
)
SELECT asked.item::text, count(*) FILTER (WHERE counted.state = 2), count(counted.first_clicked_at),
       count(*) FILTER (WHERE counted.state = 5), count(*)
FROM unnest(%(items)s::uuid[]) AS asked (item)
CROSS JOIN LATERAL (
    SELECT delivery.state, delivery.first_clicked_at
    FROM runs JOIN messaging_delivery AS delivery ON delivery.run_id = runs.id AND delivery.step = asked.item
    LIMIT %(most)s + 1
) AS counted
GROUP BY asked.item

-- name: series_helps
-- How many messages that help each published series brings.
SELECT series.id, count(*)
FROM journeys_series AS series
JOIN journeys_seriesversion AS live ON live.id = series.live_version_id
CROSS JOIN LATERAL jsonb_array_elements(live.slots) AS slot
JOIN messaging_messageversion AS message ON message.id = (slot ->> 2)::bigint
WHERE series.id = ANY(%(ids)s) AND slot ->> 1 IS NOT NULL AND message.kind = 'help'
GROUP BY series.id

-- name: series_steps
-- Which steps of a journey's versions send which series, and which version of it is live.
SELECT DISTINCT step.key, series.id, series.name, series.live_version_id
FROM journeys_journeyversion AS version
CROSS JOIN LATERAL jsonb_each(version.compiled -> 'steps') AS step
JOIN journeys_series AS series ON series.id = (step.value ->> 'series')::bigint
WHERE version.journey_id = %(journey_id)s AND step.value ->> 'type' = 'series' AND series.live_version_id IS NOT NULL

-- name: people_by_place
SELECT step::text, place::text, count(*)
FROM journeys_enrolment
WHERE journey_id = %(journey_id)s AND state = 1 AND step = ANY(%(steps)s::uuid[])
GROUP BY step, place

-- name: people_in_series
SELECT enrolment.place::text, count(*)
FROM (
    SELECT DISTINCT version.journey_id, step.key::uuid AS step
    FROM journeys_journeyversion AS version, jsonb_each(version.compiled -> 'steps') AS step
    WHERE step.value ->> 'type' = 'series' AND (step.value ->> 'series')::bigint = %(series_id)s
) AS sending
JOIN journeys_enrolment AS enrolment
  ON enrolment.journey_id = sending.journey_id AND enrolment.step = sending.step AND enrolment.state = 1
GROUP BY enrolment.place

-- name: people_at_places
-- Whoever stands at none of the places that are known (others) has got nothing yet.
SELECT enrolment.contact_id, journey.name, enrolment.due_at
FROM (
    SELECT DISTINCT version.journey_id, step.key::uuid AS step
    FROM journeys_journeyversion AS version, jsonb_each(version.compiled -> 'steps') AS step
    WHERE step.value ->> 'type' = 'series' AND (step.value ->> 'series')::bigint = %(series_id)s
) AS sending
JOIN journeys_journey AS journey ON journey.id = sending.journey_id
JOIN journeys_enrolment AS enrolment
  ON enrolment.journey_id = sending.journey_id AND enrolment.step = sending.step AND enrolment.state = 1
WHERE enrolment.place = ANY(%(places)s::uuid[])
   OR (%(others)s AND (enrolment.place IS NULL OR enrolment.place <> ALL(%(known)s::uuid[])))
ORDER BY enrolment.due_at, enrolment.id
LIMIT %(limit)s
