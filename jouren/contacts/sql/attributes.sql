-- name: set_attribute
-- Of those who are present and do not have the value yet; null takes the attribute away. Who was merged counts as who
-- they became. The order of locking keeps two batches from waiting for each other.
WITH wanted AS MATERIALIZED (
    SELECT id
    FROM contacts_contact
    WHERE erased_at IS NULL AND merged_at IS NULL
      AND attributes -> %(key)s::text IS DISTINCT FROM %(value)s::jsonb
      AND id IN (
          SELECT coalesce(alias.to_id, asked.id)
          FROM unnest(%(contact_ids)s::bigint[]) AS asked (id)
          LEFT JOIN contacts_alias AS alias ON alias.from_id = asked.id
      )
    ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE contacts_contact AS contact
SET attributes = CASE
        WHEN %(value)s::jsonb IS NULL THEN contact.attributes - %(key)s::text
        ELSE contact.attributes || jsonb_build_object(%(key)s::text, %(value)s::jsonb)
    END
FROM wanted
WHERE contact.id = wanted.id
RETURNING contact.id
