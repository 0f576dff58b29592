-- name: suppress
-- One row an open suppression; those that are there already stay as they are. Who was merged counts as who they became.
INSERT INTO contacts_suppression (contact_id, channel, reason, at, detail)
SELECT id, %(channel)s, %(reason)s, %(now)s, %(detail)s
FROM contacts_contact
WHERE merged_at IS NULL AND id IN (
    SELECT coalesce(alias.to_id, asked.id)
    FROM unnest(%(contact_ids)s::bigint[]) AS asked (id)
    LEFT JOIN contacts_alias AS alias ON alias.from_id = asked.id
)
ORDER BY id
ON CONFLICT (contact_id, channel, reason) WHERE lifted_at IS NULL DO NOTHING
RETURNING contact_id


-- name: lock_contacts
SELECT id FROM contacts_contact WHERE id = ANY(%(contact_ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE

-- name: lift_peace
-- A statement of its own, after the lock: one that waited for the lock would not see what was written meanwhile.
UPDATE contacts_suppression
SET lifted_at = %(now)s
WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND reason = ANY(%(reasons)s::text[]) AND lifted_at IS NULL
RETURNING contact_id, reason
