-- name: promotions
-- How often people came up to each stage since a moment; the index on (to_stage, at) serves it.
SELECT to_stage, count(*)
FROM pyramid_change
WHERE to_stage = ANY('{2,3,4,5}'::smallint[]) AND to_stage > from_stage AND at >= %(since)s
GROUP BY to_stage

-- name: message_figures
-- What became of each message's deliveries, all of them, counted in indexes alone.
SELECT version.message_id, sum(ended.sent)::bigint, sum(seen.opened)::bigint, sum(seen.clicked)::bigint,
       sum(ended.not_sent)::bigint, sum(answered.replied)::bigint
FROM messaging_messageversion AS version
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 2) AS sent, count(*) FILTER (WHERE state IN (3, 5)) AS not_sent
    FROM messaging_delivery
    WHERE message_version_id = version.id AND state IN (2, 3, 5)
) AS ended
CROSS JOIN LATERAL (
    SELECT count(*) AS opened, count(first_clicked_at) AS clicked
    FROM messaging_delivery
    WHERE message_version_id = version.id AND first_opened_at IS NOT NULL
) AS seen
CROSS JOIN LATERAL (
    SELECT count(*) AS replied
    FROM messaging_delivery
    WHERE message_version_id = version.id AND first_replied_at IS NOT NULL
) AS answered
WHERE version.message_id = ANY(%(message_ids)s)
GROUP BY version.message_id

-- name: message_deliveries
-- A message's deliveries below an id, the newest first: of each version and state the newest ones, by index, and of
-- those the newest of all.
SELECT delivery.id, delivery.contact_id, delivery.state, delivery.reason, delivery.error, delivery.due_at,
       delivery.try_at, delivery.planned_at, delivery.sent_at, delivery.first_opened_at, delivery.first_clicked_at,
       delivery.first_replied_at, run.held_at IS NOT NULL, version.topic, delivery.channel, contact.id, contact.public_id, contact.family_name,
       contact.given_name, contact.language
FROM (
    SELECT newest.id
    FROM unnest(%(version_ids)s::bigint[]) AS versions (id)
    CROSS JOIN unnest(%(states)s::smallint[]) AS states (state)
    CROSS JOIN LATERAL (
        SELECT id
        FROM messaging_delivery
        WHERE message_version_id = versions.id AND state = states.state AND id < %(before)s
        ORDER BY id DESC
        LIMIT %(limit)s
    ) AS newest
    ORDER BY newest.id DESC
    LIMIT %(limit)s
) AS page
JOIN messaging_delivery AS delivery ON delivery.id = page.id
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
LEFT JOIN messaging_run AS run ON run.id = delivery.run_id
LEFT JOIN contacts_alias AS alias ON alias.from_id = delivery.contact_id
LEFT JOIN contacts_contact AS contact
    ON contact.id = coalesce(alias.to_id, delivery.contact_id) AND contact.erased_at IS NULL
ORDER BY delivery.id DESC

-- name: journey_figures
-- The people of journeys by state, up to so many of each journey.
SELECT journey.id, walk.state, count(*)
FROM unnest(%(journey_ids)s::bigint[]) AS journey (id)
CROSS JOIN LATERAL (
    SELECT state FROM journeys_enrolment WHERE journey_id = journey.id LIMIT %(most)s + 1
) AS walk
GROUP BY journey.id, walk.state
