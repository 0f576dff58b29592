-- name: withhold_planned
-- What is in a sender's hands goes on its way; whatever waits for its turn, a limit or the gate does not.
UPDATE messaging_delivery AS delivery
SET state = 5, reason = %(reason)s
FROM (
    SELECT asked.run_id, asked.contact_id, asked.occurrence, person.id
    FROM unnest(%(run_ids)s::bigint[], %(contact_ids)s::bigint[], %(occurrences)s::integer[])
        AS asked (run_id, contact_id, occurrence)
    CROSS JOIN LATERAL (
        SELECT asked.contact_id AS id
        UNION
        SELECT alias.from_id FROM contacts_alias AS alias WHERE alias.to_id = asked.contact_id
    ) AS person
) AS gone
WHERE delivery.contact_id = gone.id AND delivery.run_id = gone.run_id AND delivery.state = 0
  AND (gone.occurrence IS NULL OR delivery.occurrence = gone.occurrence)
RETURNING delivery.id, gone.contact_id, delivery.message_version_id
