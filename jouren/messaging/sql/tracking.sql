-- name: delivery_of_token
-- What an unsubscribe or preference link needs.
SELECT delivery.contact_id, delivery.channel, version.topic, delivery.run_id
FROM messaging_delivery AS delivery
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
WHERE delivery.id = %(delivery_id)s

-- name: click_target
-- What a click needs: whose it is, where it leads (null: no such link), what the event says.
SELECT delivery.contact_id, version.bodies -> delivery.channel -> 'links' ->> %(link)s::integer, version.message_id,
       version.name, delivery.sent_at
FROM messaging_delivery AS delivery
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
WHERE delivery.id = %(delivery_id)s

-- name: note_first_times
UPDATE messaging_delivery AS delivery
SET first_opened_at = least(delivery.first_opened_at, row.at),
    first_clicked_at = CASE WHEN row.clicked THEN least(delivery.first_clicked_at, row.at)
                            ELSE delivery.first_clicked_at END
FROM (
    SELECT id, min(at) AS at, bool_or(clicked) AS clicked
    FROM unnest(%(ids)s::bigint[], %(at)s::timestamptz[], %(clicked)s::boolean[]) AS row (id, at, clicked)
    GROUP BY id
) AS row
WHERE delivery.id = row.id
  AND (delivery.first_opened_at IS NULL OR delivery.first_opened_at > row.at
       OR (row.clicked AND (delivery.first_clicked_at IS NULL OR delivery.first_clicked_at > row.at)))

-- name: note_bounces
UPDATE messaging_delivery AS delivery
SET bounced_at = row.at
FROM unnest(%(ids)s::bigint[], %(at)s::timestamptz[]) AS row (id, at)
WHERE delivery.id = row.id AND delivery.bounced_at IS NULL

-- name: open_target
SELECT delivery.contact_id, version.message_id, version.name, delivery.sent_at
FROM messaging_delivery AS delivery
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
WHERE delivery.id = %(delivery_id)s
