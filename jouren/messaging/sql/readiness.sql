-- name: kinds_reached
-- How many messages that help, and that ask, reached a person; one that came back did not.
SELECT version.kind, count(*)
FROM messaging_delivery AS delivery
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
WHERE delivery.contact_id = ANY(%(contact_ids)s) AND delivery.state = 2 AND delivery.bounced_at IS NULL
  AND version.kind IN ('help', 'ask')
GROUP BY version.kind

-- name: kinds_of_run
SELECT version.kind, sum(sent.messages)::bigint
FROM (
    SELECT message_version_id, count(*) AS messages
    FROM messaging_delivery
    WHERE run_id = %(run_id)s::bigint AND state = 2
    GROUP BY message_version_id
) AS sent
JOIN messaging_messageversion AS version ON version.id = sent.message_version_id
WHERE version.kind IN ('help', 'ask')
GROUP BY version.kind
