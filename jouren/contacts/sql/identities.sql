-- name: find_identities
SELECT wanted.position, identity.contact_id
FROM unnest(%(kinds)s::text[], %(values)s::text[]) WITH ORDINALITY AS wanted (kind, value, position)
JOIN contacts_identity AS identity ON identity.kind = wanted.kind AND identity.value = wanted.value

-- name: erased_hashes
SELECT hash FROM contacts_erased_identity WHERE hash = ANY(%(hashes)s)

-- name: make_contacts
-- One statement makes the people and their identities. Whoever loses the race for an identity makes nobody. The order
-- of inserting keeps two batches with the same new people from waiting for each other.
WITH wanted AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('contacts_contact', 'id')) AS id, sorted.*
    FROM (
        SELECT *
        FROM unnest(
            %(kinds)s::text[], %(values)s::text[], %(as_given)s::text[], %(is_odd)s::boolean[], %(kana_keys)s::text[],
            %(searches)s::text[]
        ) AS row (kind, value, as_given, is_odd, kana_key, search)
        ORDER BY kind, value
    ) AS sorted
),
taken AS (
    INSERT INTO contacts_identity (contact_id, kind, value, as_given, is_odd, created_at)
    SELECT id, kind, value, as_given, is_odd, %(now)s FROM wanted
    ON CONFLICT (kind, value) DO NOTHING
    RETURNING contact_id
),
made AS (
    INSERT INTO contacts_contact (id, kana_key, search, language, source, created_at)
    SELECT id, kana_key, coalesce(string_to_array(nullif(search, ''), ' '), '{}'), %(language)s, %(source)s, %(now)s
    FROM wanted
    WHERE id IN (SELECT contact_id FROM taken)
    RETURNING id
)
SELECT wanted.id, wanted.kind, wanted.value FROM made JOIN wanted USING (id) ORDER BY wanted.id

-- name: aliases
SELECT from_id, to_id FROM contacts_alias WHERE from_id = ANY(%(contact_ids)s)
