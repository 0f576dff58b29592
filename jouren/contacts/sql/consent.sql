-- name: suppress
-- One row an open suppression; those that are there already stay as they are. Only people who are present count.
INSERT INTO contacts_suppression (contact_id, channel, reason, at, detail)
SELECT id, %(channel)s, %(reason)s, %(now)s, %(detail)s
FROM contacts_contact
WHERE id = ANY(%(contact_ids)s) AND merged_at IS NULL
ORDER BY id
ON CONFLICT (contact_id, channel, reason) WHERE lifted_at IS NULL DO NOTHING
RETURNING contact_id
