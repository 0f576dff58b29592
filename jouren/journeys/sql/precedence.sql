-- name: ranks_of_runs
-- The journeys of these runs, where a published one comes before them.
SELECT DISTINCT version.run_id, journey.precedence, journey.zone
FROM journeys_journeyversion AS version
JOIN journeys_journey AS journey ON journey.id = version.journey_id
WHERE version.run_id = ANY(%(run_ids)s::bigint[])
  AND EXISTS (SELECT FROM journeys_journey AS first WHERE first.live AND first.precedence < journey.precedence)

-- name: more_important_messages
-- What a journey that comes first has sent to each person in their span, is sending, or has planned for it; also under
-- the ids that were merged into theirs. What stands still or was cancelled does not count.
SELECT DISTINCT ON (asked.place) asked.place, first.id
FROM unnest(
    %(places)s::integer[], %(contact_ids)s::bigint[], %(precedences)s::smallint[], %(starts)s::timestamptz[],
    %(ends)s::timestamptz[]
) AS asked (place, contact_id, precedence, day_start, day_end)
CROSS JOIN LATERAL (
    SELECT asked.contact_id AS id UNION ALL SELECT from_id FROM contacts_alias WHERE to_id = asked.contact_id
) AS own
JOIN messaging_delivery AS delivery
    ON delivery.contact_id = own.id AND delivery.try_at >= asked.day_start AND delivery.try_at < asked.day_end
    AND delivery.state IN (0, 1, 2, 4)
JOIN messaging_run AS run ON run.id = delivery.run_id AND run.cancelled_at IS NULL
    AND (delivery.state <> 0 OR run.held_at IS NULL)
JOIN messaging_messageversion AS message ON message.id = delivery.message_version_id AND message.kind <> 'transactional'
JOIN journeys_journey AS first ON first.precedence < asked.precedence AND EXISTS (
    SELECT FROM journeys_journeyversion AS version WHERE version.journey_id = first.id AND version.run_id = delivery.run_id
)
ORDER BY asked.place, first.precedence, first.id

-- name: more_important_walks
-- Who is in a journey that comes first and goes on there before their span ends.
SELECT asked.place, first.id, enrolment.version_id, enrolment.step::text
FROM unnest(%(places)s::integer[], %(contact_ids)s::bigint[], %(precedences)s::smallint[], %(ends)s::timestamptz[])
    AS asked (place, contact_id, precedence, day_end)
JOIN journeys_enrolment AS enrolment
    ON enrolment.contact_id = asked.contact_id AND enrolment.state = 1 AND enrolment.due_at < asked.day_end
JOIN journeys_journey AS first ON first.id = enrolment.journey_id AND first.precedence < asked.precedence
ORDER BY asked.place, first.precedence, first.id
