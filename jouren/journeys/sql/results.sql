-- name: entries
-- Everybody by their first entry into a journey, on the side they were drawn to, and whether they entered in the time of a
-- comparison. Left out: the shop's control group, and who is on both sides since two people were merged.
--
-- Of each: all, those whose window is over, those of the last four weeks.
WITH person AS (
    SELECT contact_id, min(entered_at) AS entered_at, bool_or(state = 5) AS is_held_out, bool_or(state <> 5) AS walked
    FROM journeys_enrolment
    WHERE journey_id = %(journey_id)s
    GROUP BY contact_id
    HAVING NOT bool_or(in_control_group) AND bool_or(state = 5) <> bool_or(state <> 5)
)
SELECT is_held_out, entered_at >= %(since)s AND entered_at < %(until)s, count(*),
       count(*) FILTER (WHERE entered_at + %(window)s <= %(now)s),
       count(*) FILTER (WHERE entered_at > %(now)s - interval '28 days' AND entered_at <= %(now)s)
FROM person
GROUP BY 1, 2

-- name: events_after_entry
-- What happened to those people within their window, as whoever they were then, in the order in which it was told;
-- imported history does not count.
WITH person AS (
    SELECT contact_id, min(entered_at) AS entered_at, bool_or(state = 5) AS is_held_out
    FROM journeys_enrolment
    WHERE journey_id = %(journey_id)s
    GROUP BY contact_id
    HAVING NOT bool_or(in_control_group) AND bool_or(state = 5) <> bool_or(state <> 5)
       AND min(entered_at) + %(window)s <= %(now)s
), known_as AS (
    SELECT person.*, person.contact_id AS event_contact_id FROM person
    UNION ALL
    SELECT person.*, alias.from_id FROM person JOIN contacts_alias AS alias ON alias.to_id = person.contact_id
)
SELECT known_as.contact_id, known_as.is_held_out,
       known_as.entered_at >= %(since)s AND known_as.entered_at < %(until)s, event.id, event.source, event.payload
FROM known_as
JOIN events_event AS event
  ON event.contact_id = known_as.event_contact_id AND event.occurred_at > known_as.entered_at
 AND event.occurred_at <= known_as.entered_at + %(window)s
WHERE event.type = %(type)s AND NOT event.historical
ORDER BY event.id

-- name: clicked_after_entry
-- How many of those who walked clicked, as a person does, in a message of the journey within their window.
WITH person AS (
    SELECT contact_id, min(entered_at) AS entered_at
    FROM journeys_enrolment
    WHERE journey_id = %(journey_id)s
    GROUP BY contact_id
    HAVING NOT bool_or(in_control_group) AND NOT bool_or(state = 5)
       AND min(entered_at) + %(window)s <= %(now)s
)
SELECT count(DISTINCT person.contact_id)
FROM messaging_delivery AS delivery
LEFT JOIN contacts_alias AS alias ON alias.from_id = delivery.contact_id
JOIN person ON person.contact_id = coalesce(alias.to_id, delivery.contact_id)
WHERE delivery.run_id = %(run_id)s::bigint
  AND delivery.first_clicked_at > person.entered_at AND delivery.first_clicked_at <= person.entered_at + %(window)s

-- name: events_after_messages
-- What happened within the window of a message of the journey, each with the step of the last one that went before it, in
-- the order in which it was told; and whether that message is one of those that were asked for: sent in those days, to a
-- walk that is on that version, or ended on it.
WITH sent AS (
    SELECT coalesce(alias.to_id, delivery.contact_id) AS contact_id, delivery.step, delivery.sent_at,
           delivery.contact_id AS sent_to, delivery.occurrence
    FROM messaging_delivery AS delivery
    LEFT JOIN contacts_alias AS alias ON alias.from_id = delivery.contact_id
    WHERE delivery.run_id = %(run_id)s::bigint
      AND delivery.sent_at IS NOT NULL
), known_as AS (
    SELECT sent.*, sent.contact_id AS event_contact_id FROM sent
    UNION ALL
    SELECT sent.*, alias.from_id FROM sent JOIN contacts_alias AS alias ON alias.to_id = sent.contact_id
), credited AS (
    SELECT DISTINCT ON (event.id) event.id, known_as.contact_id, known_as.step, known_as.sent_at, known_as.sent_to,
           known_as.occurrence, event.source, event.payload
    FROM known_as
    JOIN events_event AS event
      ON event.contact_id = known_as.event_contact_id AND event.occurred_at > known_as.sent_at
     AND event.occurred_at <= known_as.sent_at + %(window)s
    WHERE event.type = %(type)s AND NOT event.historical
    ORDER BY event.id, known_as.sent_at DESC, known_as.step
)
SELECT contact_id, step::text,
       (%(from)s::timestamptz IS NULL OR sent_at >= %(from)s::timestamptz)
       AND (%(to)s::timestamptz IS NULL OR sent_at < %(to)s::timestamptz)
       AND (%(version_id)s::bigint IS NULL OR EXISTS (
           SELECT FROM journeys_enrolment AS walk
           WHERE walk.journey_id = %(journey_id)s AND walk.contact_id = credited.sent_to
             AND walk.occurrence = credited.occurrence AND walk.version_id = %(version_id)s::bigint
       )),
       id, source, payload
FROM credited
ORDER BY id

-- name: holdout_versions
-- With what share each version was published, the newest first.
SELECT created_at, coalesce((compiled ->> 'holdout')::integer, 0)
FROM journeys_journeyversion
WHERE journey_id = %(journey_id)s
ORDER BY number DESC
