-- name: replay_entrants
-- The living people to whom one of these happened in that time, whatever came of it, and when first. What is recorded is
-- recorded after it happened, but for clocks that are ahead: a day is allowed for them.
SELECT coalesce(alias.to_id, event.contact_id) AS id, min(event.occurred_at)
FROM events_event AS event
LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
WHERE event.type = ANY(%(types)s::text[]) AND event.occurred_at >= %(start)s AND event.occurred_at <= %(end)s
  AND event.recorded_at >= %(start)s::timestamptz - interval '1 day'
GROUP BY 1

-- name: replay_people
SELECT contact.id, contact.language, contact.zone, contact.erased_at IS NOT NULL, (
    SELECT jsonb_object_agg(address.kind, address.value) FROM (
        SELECT DISTINCT ON (kind) kind, value FROM contacts_identity
        WHERE contact_id = contact.id AND kind <> 'shop'
        ORDER BY kind, verified_at DESC NULLS LAST, id DESC
    ) AS address
), contact.created_at
FROM contacts_contact AS contact
WHERE contact.id = ANY(%(contact_ids)s::bigint[]) AND contact.merged_at IS NULL
ORDER BY contact.id

-- name: replay_events
SELECT event.id, coalesce(alias.to_id, event.contact_id), event.type, event.version, event.occurred_at, event.recorded_at,
       event.source, event.payload, event.historical
FROM (
    SELECT contact_id FROM unnest(%(contact_ids)s::bigint[]) AS asked (contact_id)
    UNION ALL
    SELECT from_id FROM contacts_alias WHERE to_id = ANY(%(contact_ids)s::bigint[])
) AS person (contact_id)
JOIN events_event AS event ON event.contact_id = person.contact_id
LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
WHERE event.type = ANY(%(types)s::text[]) AND event.occurred_at <= %(end)s
  AND (%(since)s::timestamptz IS NULL OR (event.occurred_at >= %(since)s::timestamptz
       AND event.recorded_at >= %(since)s::timestamptz - interval '1 day'))
ORDER BY event.occurred_at, event.id

-- name: replay_consents
SELECT contact_id, channel, topic, at, is_granted
FROM contacts_consent_record
WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND topic = ANY(%(topics)s::text[]) AND at <= %(end)s
ORDER BY at, id

-- name: replay_stops
SELECT contact_id, channel, reason, at, lifted_at
FROM contacts_suppression
WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND at <= %(end)s
ORDER BY at

-- name: replay_returns
-- What brings back whom a journey has left in peace: a purchase, another act of their own, or that staff did so.
SELECT coalesce(alias.to_id, event.contact_id), event.occurred_at,
       CASE event.type WHEN 'order.paid' THEN 'bought' WHEN 'contact.came_back' THEN 'staff' ELSE 'signed_up' END
FROM (
    SELECT contact_id FROM unnest(%(contact_ids)s::bigint[]) AS asked (contact_id)
    UNION ALL
    SELECT from_id FROM contacts_alias WHERE to_id = ANY(%(contact_ids)s::bigint[])
) AS person (contact_id)
JOIN events_event AS event ON event.contact_id = person.contact_id
    AND event.type IN ('order.paid', 'registration.confirmed', 'consent.granted', 'contact.came_back')
    AND event.occurred_at BETWEEN %(start)s AND %(end)s
    AND (event.type <> 'consent.granted' OR event.payload ->> 'via' <> ALL(%(by_others)s::text[]))
    AND (event.type <> 'contact.came_back' OR event.payload ->> 'via' = 'staff')
LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
ORDER BY event.occurred_at, event.id

-- name: replay_gone
-- What went to them, but for what this journey itself sent since the start: that is what is played.
SELECT coalesce(alias.to_id, delivery.contact_id), delivery.id, delivery.try_at, delivery.channel, version.kind,
       version.topic, delivery.state = 2 AND delivery.bounced_at IS NULL AND version.kind = 'help'
FROM (
    SELECT contact_id FROM unnest(%(contact_ids)s::bigint[]) AS asked (contact_id)
    UNION ALL
    SELECT from_id FROM contacts_alias WHERE to_id = ANY(%(contact_ids)s::bigint[])
) AS person (contact_id)
JOIN messaging_delivery AS delivery
    ON delivery.contact_id = person.contact_id AND delivery.try_at >= %(since)s AND delivery.try_at <= %(end)s
   AND delivery.state IN (1, 2, 4)
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
LEFT JOIN contacts_alias AS alias ON alias.from_id = delivery.contact_id
WHERE version.kind <> 'transactional' AND (delivery.try_at < %(start)s OR delivery.run_id <> %(run_id)s)
ORDER BY delivery.try_at

-- name: replay_firsts
-- When journeys that come before this one wrote to them.
SELECT DISTINCT coalesce(alias.to_id, delivery.contact_id), delivery.try_at, journey.id
FROM (
    SELECT contact_id FROM unnest(%(contact_ids)s::bigint[]) AS asked (contact_id)
    UNION ALL
    SELECT from_id FROM contacts_alias WHERE to_id = ANY(%(contact_ids)s::bigint[])
) AS person (contact_id)
JOIN messaging_delivery AS delivery
    ON delivery.contact_id = person.contact_id AND delivery.state IN (1, 2, 4)
   AND delivery.try_at >= %(start)s::timestamptz - interval '1 day' AND delivery.try_at <= %(end)s
JOIN messaging_messageversion AS message ON message.id = delivery.message_version_id AND message.kind <> 'transactional'
JOIN journeys_journeyversion AS version ON version.run_id = delivery.run_id
JOIN journeys_journey AS journey ON journey.id = version.journey_id AND journey.precedence < %(precedence)s
LEFT JOIN contacts_alias AS alias ON alias.from_id = delivery.contact_id
ORDER BY 2

-- name: replay_walks
SELECT contact_id, state = 5, key, entered_at, ended_at
FROM journeys_enrolment
WHERE journey_id = %(journey_id)s AND contact_id = ANY(%(contact_ids)s::bigint[]) AND entered_at < %(start)s
ORDER BY entered_at

-- name: replay_messages
SELECT id, message_id, name, kind, topic, needed_offers FROM messaging_messageversion WHERE id = ANY(%(version_ids)s::bigint[])

-- name: event_by_id
SELECT event.id, coalesce(alias.to_id, event.contact_id), event.type, event.version, event.occurred_at, event.recorded_at,
       event.source, event.payload, event.historical
FROM events_event AS event
LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
WHERE event.id = %(id)s

-- name: replay_series
-- How these series stood since when, or how they stand now.
SELECT version.series_id, version.created_at, version.rhythm, version.slots
FROM journeys_seriesversion AS version JOIN journeys_series AS series ON series.id = version.series_id
WHERE version.series_id = ANY(%(ids)s::bigint[]) AND (NOT %(live_only)s OR version.id = series.live_version_id)
ORDER BY version.series_id, version.number
