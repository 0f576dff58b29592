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

-- name: kinds_of_identities
SELECT DISTINCT contact_id, kind FROM contacts_identity WHERE contact_id = ANY(%(contact_ids)s::bigint[])

-- name: attach_where_lacking
-- What is nobody's yet becomes theirs who have none of its kind.
INSERT INTO contacts_identity (contact_id, kind, value, as_given, is_odd, created_at)
SELECT contact_id, kind, value, as_given, is_odd, %(now)s
FROM unnest(
    %(contact_ids)s::bigint[], %(kinds)s::text[], %(values)s::text[], %(as_given)s::text[], %(is_odd)s::boolean[]
) AS row (contact_id, kind, value, as_given, is_odd)
WHERE NOT EXISTS (
    SELECT FROM contacts_identity AS own WHERE own.contact_id = row.contact_id AND own.kind = row.kind
)
ORDER BY kind, value
ON CONFLICT (kind, value) DO NOTHING
RETURNING contact_id, kind

-- name: lock_nameless
SELECT person.id, family_name, given_name, family_kana, given_kana, ARRAY(
    SELECT value FROM contacts_identity WHERE contact_id = person.id AND kind = 'email' ORDER BY id
)
FROM contacts_contact AS person
WHERE person.id = ANY(%(named)s::bigint[] || %(with_mail)s::bigint[]) AND erased_at IS NULL AND merged_at IS NULL
  AND ((family_name = '' AND given_name = '')
       OR (family_kana = '' AND given_kana = '' AND person.id = ANY(%(with_kana)s::bigint[]))
       OR person.id = ANY(%(with_mail)s::bigint[]))
ORDER BY person.id
FOR NO KEY UPDATE OF person

-- name: complete_people
UPDATE contacts_contact AS person
SET family_name = row.family_name, given_name = row.given_name, family_kana = row.family_kana,
    given_kana = row.given_kana, kana_key = row.kana_key,
    search = coalesce(string_to_array(nullif(row.search, ''), ' '), '{}')
FROM unnest(
    %(ids)s::bigint[], %(family_name)s::text[], %(given_name)s::text[], %(family_kana)s::text[], %(given_kana)s::text[],
    %(kana_key)s::text[], %(searches)s::text[]
) AS row (id, family_name, given_name, family_kana, given_kana, kana_key, search)
WHERE person.id = row.id
