-- name: known_tags
-- From one tag to the next in the index, however many people carry each.
WITH RECURSIVE known (text) AS (
    (SELECT text FROM contacts_tag ORDER BY text LIMIT 1)
    UNION ALL
    SELECT (SELECT tag.text FROM contacts_tag AS tag WHERE tag.text > known.text ORDER BY tag.text LIMIT 1)
    FROM known
    WHERE known.text IS NOT NULL
)
SELECT text FROM known WHERE text IS NOT NULL LIMIT %(limit)s

-- name: lock_present
-- Who was merged counts as who they became. The order of locking keeps two batches from waiting for each other.
SELECT id
FROM contacts_contact
WHERE erased_at IS NULL AND merged_at IS NULL
  AND id IN (
      SELECT coalesce(alias.to_id, asked.id)
      FROM unnest(%(contact_ids)s::bigint[]) AS asked (id)
      LEFT JOIN contacts_alias AS alias ON alias.from_id = asked.id
  )
ORDER BY id
FOR NO KEY UPDATE

-- name: full_of_tags
SELECT contact_id
FROM contacts_tag
WHERE contact_id = ANY(%(contact_ids)s)
GROUP BY contact_id
HAVING count(*) >= %(most)s AND NOT bool_or(text = %(tag)s)
LIMIT 1

-- name: put_tag
INSERT INTO contacts_tag (contact_id, text, at)
SELECT id, %(tag)s, %(now)s FROM unnest(%(contact_ids)s::bigint[]) AS present (id) ORDER BY id
ON CONFLICT DO NOTHING
RETURNING contact_id

-- name: take_tag
DELETE FROM contacts_tag WHERE text = %(tag)s AND contact_id = ANY(%(contact_ids)s) RETURNING contact_id
