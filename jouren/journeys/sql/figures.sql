-- name: people_by_step
SELECT state, version_id, step, count(*)
FROM journeys_enrolment
WHERE journey_id = %(journey_id)s
GROUP BY state, version_id, step

-- name: deliveries_by_step
SELECT step::text, count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state = 5), count(first_opened_at),
       count(first_clicked_at)
FROM messaging_delivery
WHERE run_id = %(run_id)s::bigint
GROUP BY step

-- name: walks_of
SELECT journey.id, journey.name, enrolment.version_id, enrolment.occurrence, enrolment.state, enrolment.step::text,
       enrolment.entered_at, enrolment.due_at, enrolment.ended_at, enrolment.reason
FROM journeys_enrolment AS enrolment
JOIN journeys_journey AS journey ON journey.id = enrolment.journey_id
WHERE enrolment.contact_id = %(contact_id)s
ORDER BY enrolment.id DESC
LIMIT 100
