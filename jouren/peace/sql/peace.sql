-- name: due
-- Whom the rule leaves in peace: who was invited so often since they last bought or came back, whose last counted
-- invitation is long enough ago, and who is no customer already. A message that came back invited nobody.
-- contact_ids null: of everybody, which at a million people takes seconds; else of these, with the ids they had before.
SELECT counted.contact_id, counted.sent_at AS invited_at
FROM (
    SELECT invited.contact_id, invited.sent_at,
           row_number() OVER (PARTITION BY invited.contact_id ORDER BY invited.sent_at) AS place
    FROM (
        SELECT coalesce(alias.to_id, delivery.contact_id) AS contact_id, delivery.sent_at
        FROM messaging_messageversion AS version
        JOIN messaging_delivery AS delivery
            ON delivery.message_version_id = version.id AND delivery.state = 2 AND delivery.bounced_at IS NULL
        LEFT JOIN contacts_alias AS alias ON alias.from_id = delivery.contact_id
        WHERE version.kind = 'ask'
          AND (%(contact_ids)s::bigint[] IS NULL OR delivery.contact_id = ANY(%(contact_ids)s::bigint[]))
    ) AS invited
    LEFT JOIN orders_purchases AS bought ON bought.contact_id = invited.contact_id
    LEFT JOIN (
        SELECT contact_id, max(lifted_at) AS at
        FROM contacts_suppression
        WHERE reason = ANY(%(reasons)s::text[]) AND lifted_at IS NOT NULL
        GROUP BY contact_id
    ) AS back ON back.contact_id = invited.contact_id
    WHERE invited.sent_at > coalesce(greatest(bought.last_at, back.at), '-infinity')
) AS counted
JOIN contacts_contact AS contact
    ON contact.id = counted.contact_id AND contact.erased_at IS NULL AND contact.merged_at IS NULL
LEFT JOIN pyramid_position AS position ON position.contact_id = counted.contact_id
WHERE counted.place = %(invitations)s AND counted.sent_at <= %(before)s
  AND coalesce(position.stage, 1) <= %(up_to_stage)s
  AND NOT EXISTS (
      SELECT FROM contacts_suppression AS stop
      WHERE stop.contact_id = counted.contact_id AND stop.lifted_at IS NULL AND stop.reason = ANY(%(reasons)s::text[])
  )

-- name: id_range
SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM contacts_contact

-- name: with_former_ids
SELECT id FROM contacts_contact WHERE id = ANY(%(contact_ids)s::bigint[]) AND erased_at IS NULL AND merged_at IS NULL
UNION ALL
SELECT from_id FROM contacts_alias WHERE to_id = ANY(%(contact_ids)s::bigint[])

-- name: lock
SELECT id FROM contacts_contact WHERE id = ANY(%(contact_ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE

-- name: still_due
-- Of those found before, who has neither bought nor come back since. After the lock: a purchase that is being noted
-- at the same time is either seen here, or brings them back.
SELECT due.contact_id
FROM unnest(%(contact_ids)s::bigint[], %(invited_at)s::timestamptz[]) AS due (contact_id, invited_at)
JOIN contacts_contact AS contact
    ON contact.id = due.contact_id AND contact.erased_at IS NULL AND contact.merged_at IS NULL
WHERE NOT EXISTS (
    SELECT FROM orders_purchases AS bought WHERE bought.contact_id = due.contact_id AND bought.last_at >= due.invited_at
) AND NOT EXISTS (
    SELECT FROM contacts_suppression AS stop
    WHERE stop.contact_id = due.contact_id AND stop.reason = ANY(%(reasons)s::text[])
      AND (stop.lifted_at IS NULL OR stop.lifted_at >= due.invited_at)
)

-- name: claim
UPDATE peace_peacerule SET next_at = %(next_at)s WHERE next_at IS NULL OR next_at <= %(now)s RETURNING id

-- name: answered_by_order
-- Whom a purchase brings back: who left before it. Where the rule had left somebody because no purchase was known, one
-- of the days before that is only told now counts too.
SELECT DISTINCT stop.contact_id, stop.reason
FROM unnest(%(contact_ids)s::bigint[], %(paid_at)s::timestamptz[]) AS paid (contact_id, at)
JOIN contacts_suppression AS stop
    ON stop.contact_id = paid.contact_id AND stop.lifted_at IS NULL AND stop.reason = ANY(%(reasons)s::text[])
WHERE paid.at >= CASE WHEN stop.reason IN ('not_bought', 'lapsed') THEN stop.at - %(told_late)s::interval ELSE stop.at END
