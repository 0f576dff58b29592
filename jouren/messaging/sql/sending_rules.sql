-- name: lock_people
-- Until this transaction ends nobody else counts what these people got. In the order of the keys, so that two senders
-- with the same people wait for each other and not in a circle.
SELECT count(pg_advisory_xact_lock(%(class)s, people.key))
FROM (
    SELECT DISTINCT (id %% 2147483647)::integer AS key FROM unnest(%(contact_ids)s::bigint[]) AS asked (id) ORDER BY 1
) AS people

-- name: went_to
-- What went to each person since a moment, is being sent, or may have arrived; also under the ids that were merged into
-- theirs. Of such a delivery try_at is when it was handed over.
SELECT asked.id, delivery.id, delivery.try_at, delivery.channel, version.kind, version.topic
FROM unnest(%(contact_ids)s::bigint[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT asked.id AS id UNION ALL SELECT from_id FROM contacts_alias WHERE to_id = asked.id
) AS own
JOIN messaging_delivery AS delivery
    ON delivery.contact_id = own.id AND delivery.try_at >= %(since)s AND delivery.state IN (1, 2, 4)
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
WHERE version.kind <> 'transactional'

-- name: help_reached
-- How many messages that help reached each person, counted no further than is needed. One that came back did not.
SELECT asked.id, count(helped.id)
FROM unnest(%(contact_ids)s::bigint[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT delivery.id
    FROM (SELECT asked.id AS id UNION ALL SELECT from_id FROM contacts_alias WHERE to_id = asked.id) AS own
    JOIN messaging_delivery AS delivery
        ON delivery.contact_id = own.id AND delivery.state = 2 AND delivery.bounced_at IS NULL
    JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id AND version.kind = 'help'
    LIMIT %(needed)s
) AS helped
GROUP BY asked.id

-- name: first_held
-- Since when these deliveries have been waiting for a rule.
SELECT delivery_id, min(at) FROM messaging_hold WHERE delivery_id = ANY(%(delivery_ids)s) GROUP BY delivery_id

-- name: record_holds
INSERT INTO messaging_hold (delivery_id, rule, reason, at, until, counted)
SELECT delivery_id, rule, reason, at, until,
       CASE WHEN counted = '' THEN '{}' ELSE string_to_array(counted, ',')::bigint[] END
FROM unnest(%(delivery_ids)s::bigint[], %(rules)s::text[], %(reasons)s::text[], %(at)s::timestamptz[],
            %(until)s::timestamptz[], %(counted)s::text[]) AS row (delivery_id, rule, reason, at, until, counted)

-- name: holds_of
SELECT delivery_id, rule, reason, at, until, counted
FROM messaging_hold
WHERE delivery_id = ANY(%(delivery_ids)s)
ORDER BY id

-- name: held_lately
-- How many messages each rule made wait, and how many it stopped, among the newest that any held.
SELECT rule, count(DISTINCT delivery_id) FILTER (WHERE until IS NOT NULL),
       count(DISTINCT delivery_id) FILTER (WHERE until IS NULL)
FROM (SELECT delivery_id, rule, at, until FROM messaging_hold ORDER BY id DESC LIMIT %(newest)s) AS newest
WHERE at >= %(since)s
GROUP BY rule
