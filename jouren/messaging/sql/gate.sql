-- name: gate_facts
-- All that the gate and the templates need of a batch, in the order asked for. Run 0: there is none yet.
SELECT
    contact.id,
    identity.value,
    contact.family_name,
    contact.given_name,
    contact.language,
    contact.id IS NULL OR contact.erased_at IS NOT NULL,
    suppression.reasons,
    consent.is_granted,
    run.cancelled_at IS NOT NULL,
    version.kind,
    version.topic,
    asked.run_id,
    contact.zone,
    coalesce((SELECT edition FROM messaging_sendingrules ORDER BY id LIMIT 1), 0),
    coalesce((SELECT share FROM messaging_controlgroup WHERE id = 1), 0),
    version.needed_offers
FROM unnest(%(contact_ids)s::bigint[], %(version_ids)s::bigint[], %(run_ids)s::bigint[], %(channels)s::text[])
    WITH ORDINALITY AS asked (contact_id, version_id, run_id, channel, position)
JOIN messaging_messageversion AS version ON version.id = asked.version_id
LEFT JOIN messaging_run AS run ON run.id = asked.run_id
LEFT JOIN contacts_alias AS alias ON alias.from_id = asked.contact_id
LEFT JOIN contacts_contact AS contact ON contact.id = coalesce(alias.to_id, asked.contact_id)
LEFT JOIN LATERAL (
    SELECT value
    FROM contacts_identity
    WHERE contact_id = contact.id AND kind = asked.channel
    ORDER BY verified_at DESC NULLS LAST, id DESC
    LIMIT 1
) AS identity ON true
LEFT JOIN LATERAL (
    SELECT array_agg(reason ORDER BY at) AS reasons
    FROM contacts_suppression
    WHERE contact_id = contact.id AND lifted_at IS NULL AND channel IN ('', asked.channel)
) AS suppression ON true
LEFT JOIN contacts_consent AS consent
    ON consent.contact_id = contact.id AND consent.channel = asked.channel AND consent.topic = version.topic
WHERE run.id IS NOT NULL OR asked.run_id = 0
ORDER BY asked.position
