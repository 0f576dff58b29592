-- name: promotions
-- People who came up to each stage since two moments; the index on (to_stage, at) serves it.
SELECT to_stage, count(*) FILTER (WHERE at >= %(week)s), count(*)
FROM pyramid_change
WHERE to_stage > 1 AND to_stage > from_stage AND at >= %(month)s
GROUP BY to_stage

-- name: deliveries
-- Sent and withheld since two moments, among the newest deliveries only: the table may have many millions.
SELECT
    count(*) FILTER (WHERE state = 2 AND planned_at >= %(week)s), count(*) FILTER (WHERE state = 2),
    count(*) FILTER (WHERE state IN (3, 5) AND planned_at >= %(week)s), count(*) FILTER (WHERE state IN (3, 5)),
    count(*)
FROM (SELECT state, planned_at FROM messaging_delivery ORDER BY id DESC LIMIT %(newest)s) AS newest
WHERE planned_at >= %(month)s

-- name: message_figures
-- What became of each message's deliveries, among the newest ones.
SELECT version.message_id,
       count(*) FILTER (WHERE newest.state = 2), count(newest.first_opened_at), count(newest.first_clicked_at),
       count(*) FILTER (WHERE newest.state IN (3, 5))
FROM (
    SELECT message_version_id, state, first_opened_at, first_clicked_at
    FROM messaging_delivery
    ORDER BY id DESC
    LIMIT %(newest)s
) AS newest
JOIN messaging_messageversion AS version ON version.id = newest.message_version_id
WHERE version.message_id = ANY(%(message_ids)s)
GROUP BY version.message_id

-- name: message_deliveries
-- A message's deliveries below an id, the newest first, looking through so many of all deliveries.
SELECT window_.id, window_.contact_id, window_.state, window_.reason, window_.error, window_.due_at, window_.try_at,
       window_.sent_at, window_.first_opened_at, window_.first_clicked_at, contact.public_id, contact.family_name,
       contact.given_name, contact.language
FROM (
    SELECT *
    FROM messaging_delivery
    WHERE %(before)s::bigint IS NULL OR id < %(before)s
    ORDER BY id DESC
    LIMIT %(newest)s
) AS window_
LEFT JOIN contacts_alias AS alias ON alias.from_id = window_.contact_id
LEFT JOIN contacts_contact AS contact
    ON contact.id = coalesce(alias.to_id, window_.contact_id) AND contact.erased_at IS NULL
WHERE window_.message_version_id = ANY(%(version_ids)s)
  AND (%(state)s::smallint IS NULL OR window_.state = %(state)s)
ORDER BY window_.id DESC
LIMIT %(limit)s

-- name: journey_figures
SELECT journey_id, state, count(*)
FROM journeys_enrolment
WHERE journey_id = ANY(%(journey_ids)s)
GROUP BY journey_id, state
