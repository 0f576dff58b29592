-- name: date_back
UPDATE contacts_contact AS person
SET created_at = row.at
FROM unnest(%(contact_ids)s::bigint[], %(at)s::timestamptz[]) AS row (contact_id, at)
WHERE person.id = row.contact_id AND row.at < person.created_at

-- name: keep_attribute
-- Where there is none yet.
UPDATE contacts_contact AS person
SET attributes = person.attributes || jsonb_build_object(%(key)s::text, row.value)
FROM unnest(%(contact_ids)s::bigint[], %(values)s::text[]) AS row (contact_id, value)
WHERE person.id = row.contact_id AND NOT person.attributes ? %(key)s::text
RETURNING person.id

-- name: put_tags
-- As many as there is room for.
INSERT INTO contacts_tag (contact_id, text, at)
SELECT contact_id, tag, %(now)s
FROM (
    SELECT contact_id, tag, row_number() OVER (PARTITION BY contact_id ORDER BY tag) AS place
    FROM unnest(%(contact_ids)s::bigint[], %(tags)s::text[]) AS row (contact_id, tag)
    WHERE NOT EXISTS (SELECT FROM contacts_tag AS held WHERE held.contact_id = row.contact_id AND held.text = row.tag)
) AS lacking
WHERE place <= %(most)s - (SELECT count(*) FROM contacts_tag AS held WHERE held.contact_id = lacking.contact_id)
ORDER BY contact_id, tag
ON CONFLICT DO NOTHING
RETURNING contact_id, text

-- name: consent_settled
-- Who has said yes or no already, or gets nothing more: what others say of them changes nothing.
SELECT contact_id FROM contacts_consent
WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND channel = %(channel)s AND topic = %(topic)s
UNION
SELECT contact_id FROM contacts_suppression
WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND channel IN ('', %(channel)s) AND lifted_at IS NULL

-- name: keep_past_consents
WITH kept AS (
    INSERT INTO contacts_consent (contact_id, channel, topic, is_granted, since)
    SELECT contact_id, %(channel)s, %(topic)s, true, at
    FROM unnest(%(contact_ids)s::bigint[], %(at)s::timestamptz[]) AS row (contact_id, at)
    WHERE NOT EXISTS (
        SELECT FROM contacts_suppression AS stopped
        WHERE stopped.contact_id = row.contact_id AND stopped.channel IN ('', %(channel)s) AND stopped.lifted_at IS NULL
    )
    ORDER BY contact_id
    ON CONFLICT (contact_id, channel, topic) DO NOTHING
    RETURNING contact_id
)
INSERT INTO contacts_consent_record (contact_id, channel, topic, is_granted, text_id, at, via, page)
SELECT kept.contact_id, %(channel)s, %(topic)s, true, %(text_id)s, row.at, %(via)s, row.page
FROM kept
JOIN unnest(%(contact_ids)s::bigint[], %(at)s::timestamptz[], %(pages)s::text[]) AS row (contact_id, at, page)
    ON row.contact_id = kept.contact_id
RETURNING contact_id
