-- name: take_mailbox
SELECT pg_try_advisory_lock(7406020, hashtext(%(name)s))

-- name: leave_mailbox
SELECT pg_advisory_unlock(7406020, hashtext(%(name)s))

-- name: is_mailbox_due
-- The database's own time: this is about machines, also where a sandbox's clock runs ahead.
SELECT NOT EXISTS (SELECT FROM messaging_reply_mailbox WHERE name = %(name)s AND next_at > clock_timestamp())

-- name: mark_of_mailbox
-- With the real day, by which the mailbox's server goes.
SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date, kept.uid_validity, kept.last_uid
FROM (SELECT) AS asked
LEFT JOIN messaging_reply_mailbox AS kept ON kept.name = %(name)s

-- name: keep_mark
INSERT INTO messaging_reply_mailbox AS kept (name, uid_validity, last_uid, next_at)
VALUES (%(name)s, %(uid_validity)s, %(last_uid)s, clock_timestamp() + %(pause)s::integer * interval '1 second')
ON CONFLICT (name) DO UPDATE
SET uid_validity = excluded.uid_validity, last_uid = excluded.last_uid, next_at = excluded.next_at

-- name: put_mailbox_off
INSERT INTO messaging_reply_mailbox AS kept (name, last_uid, next_at)
VALUES (%(name)s, 0, clock_timestamp() + %(pause)s::integer * interval '1 second')
ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at

-- name: note_replies
UPDATE messaging_delivery AS delivery
SET first_opened_at = least(delivery.first_opened_at, row.at), first_replied_at = least(delivery.first_replied_at, row.at)
FROM (
    SELECT id, min(at) AS at FROM unnest(%(ids)s::bigint[], %(at)s::timestamptz[]) AS row (id, at) GROUP BY id
) AS row
WHERE delivery.id = row.id AND (delivery.first_replied_at IS NULL OR delivery.first_replied_at > row.at)

-- name: reply_targets
-- Which of these deliveries a reply can be about, with what its event says: those of people who were not erased.
SELECT delivery.id, delivery.contact_id, version.message_id, version.name, delivery.sent_at
FROM messaging_delivery AS delivery
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
LEFT JOIN contacts_alias AS alias ON alias.from_id = delivery.contact_id
JOIN contacts_contact AS contact ON contact.id = coalesce(alias.to_id, delivery.contact_id)
WHERE delivery.id = ANY(%(delivery_ids)s::bigint[]) AND contact.erased_at IS NULL

-- name: has_replies
SELECT EXISTS (SELECT FROM messaging_delivery WHERE first_replied_at IS NOT NULL)
