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
