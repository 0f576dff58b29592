-- name: gate_terms
-- What the gate needs to know of each pair of message version and run, in the order asked for. Run 0: there is none yet.
SELECT
    run.cancelled_at IS NOT NULL,
    version.kind,
    version.topic,
    asked.run_id,
    coalesce((SELECT edition FROM messaging_sendingrules ORDER BY id LIMIT 1), 0),
    coalesce((SELECT share FROM messaging_controlgroup WHERE id = 1), 0),
    version.needed_offers
FROM unnest(%(version_ids)s::bigint[], %(run_ids)s::bigint[]) WITH ORDINALITY AS asked (version_id, run_id, position)
JOIN messaging_messageversion AS version ON version.id = asked.version_id
LEFT JOIN messaging_run AS run ON run.id = asked.run_id
WHERE run.id IS NOT NULL OR asked.run_id = 0
ORDER BY asked.position

-- name: gate_people
-- All that the gate and the templates need of the people of a batch, in the order asked for; what each is asked about is
-- told once (core.arrays.fold). Of several addresses the one that was verified last. Almost nobody is suppressed: the reasons are put together for those alone who have any.
SELECT DISTINCT ON (asked.position)
    contact.id,
    identity.value,
    contact.family_name,
    contact.given_name,
    contact.language,
    contact.id IS NULL OR contact.erased_at IS NOT NULL,
    CASE WHEN EXISTS (
        SELECT FROM contacts_suppression
        WHERE contact_id = contact.id AND lifted_at IS NULL AND channel IN ('', what.channel)
    ) THEN ARRAY(
        SELECT reason::text
        FROM contacts_suppression
        WHERE contact_id = contact.id AND lifted_at IS NULL AND channel IN ('', what.channel)
        ORDER BY at
    ) END,
    consent.is_granted,
    contact.zone
FROM unnest(%(contact_ids)s::bigint[], %(what)s::integer[]) WITH ORDINALITY AS asked (contact_id, number, position)
JOIN unnest(%(channels)s::text[], %(topics)s::text[]) WITH ORDINALITY AS what (channel, topic, number) USING (number)
LEFT JOIN contacts_alias AS alias ON alias.from_id = asked.contact_id
LEFT JOIN contacts_contact AS contact ON contact.id = coalesce(alias.to_id, asked.contact_id)
LEFT JOIN contacts_identity AS identity ON identity.contact_id = contact.id AND identity.kind = what.channel
LEFT JOIN contacts_consent AS consent
    ON consent.contact_id = contact.id AND consent.channel = what.channel AND consent.topic = what.topic
ORDER BY asked.position, identity.verified_at DESC NULLS LAST, identity.id DESC
