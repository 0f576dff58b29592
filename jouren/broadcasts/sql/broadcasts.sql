-- name: claim_broadcast
-- One whose next issue begins now. Two workers take different ones.
SELECT id
FROM broadcasts_broadcast
WHERE next_at <= %(now)s AND held_at IS NULL
ORDER BY next_at, id
LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED

-- name: claim_issue
-- An issue with something to do, and its broadcast: pausing waits for the end of the batch, and the next batch for it.
SELECT issue.id
FROM broadcasts_issue AS issue
JOIN broadcasts_broadcast AS broadcast ON broadcast.id = issue.broadcast_id
WHERE issue.due_at <= %(now)s AND broadcast.held_at IS NULL
ORDER BY issue.due_at, issue.id
LIMIT 1
FOR NO KEY UPDATE SKIP LOCKED

-- name: next_recipients
-- Those whose turn it is, after the last ones, by who they are now: whoever was merged meanwhile is the living person.
SELECT coalesce(alias.to_id, next.contact_id), next.due_at, next.place, next.contact_id
FROM (
    SELECT due_at, contact_id, place
    FROM broadcasts_recipient
    WHERE issue_id = %(issue_id)s AND phase = %(phase)s AND due_at <= %(until)s
      AND (due_at, contact_id) > (coalesce(%(cursor_due)s::timestamptz, '-infinity'), %(cursor_contact)s::bigint)
    ORDER BY due_at, contact_id
    LIMIT %(limit)s
) AS next
LEFT JOIN contacts_alias AS alias ON alias.from_id = next.contact_id
ORDER BY next.due_at, next.contact_id

-- name: next_turn
-- When the next one of a phase is due.
SELECT due_at
FROM broadcasts_recipient
WHERE issue_id = %(issue_id)s AND phase = %(phase)s
  AND (due_at, contact_id) > (coalesce(%(cursor_due)s::timestamptz, '-infinity'), %(cursor_contact)s::bigint)
ORDER BY due_at, contact_id
LIMIT 1

-- name: forget_recipients
DELETE FROM broadcasts_recipient
WHERE ctid = ANY(ARRAY(SELECT ctid FROM broadcasts_recipient WHERE issue_id = %(issue_id)s LIMIT %(limit)s))

-- name: silent_recipients
-- Whoever got one of these letters and showed no sign of life. The gate asks again for consent, and for answers since.
INSERT INTO broadcasts_recipient (issue_id, phase, due_at, contact_id, place)
SELECT DISTINCT ON (coalesce(alias.to_id, delivery.contact_id))
       %(issue_id)s, %(phase)s, %(due_at)s, coalesce(alias.to_id, delivery.contact_id), 0
FROM messaging_delivery AS delivery
LEFT JOIN contacts_alias AS alias ON alias.from_id = delivery.contact_id
WHERE delivery.message_version_id = ANY(%(version_ids)s) AND delivery.state = 2
  AND delivery.first_opened_at IS NULL AND delivery.first_clicked_at IS NULL AND delivery.bounced_at IS NULL
ON CONFLICT DO NOTHING

-- name: zones
-- Every clock that people of the shop live by.
SELECT DISTINCT zone FROM contacts_contact WHERE erased_at IS NULL AND merged_at IS NULL

-- name: waiting_deliveries
-- The first moment at which one of the run is tried next; whether any is in a sender's hands.
SELECT
    (SELECT min(try_at) FROM messaging_delivery WHERE lane = 2 AND run_id = %(run_id)s AND state = 0),
    EXISTS (SELECT 1 FROM messaging_delivery WHERE state = 1 AND run_id = %(run_id)s)

-- name: next_due
SELECT min(moment)
FROM (
    SELECT next_at FROM broadcasts_broadcast WHERE next_at > %(now)s AND held_at IS NULL
    UNION ALL
    SELECT issue.due_at
    FROM broadcasts_issue AS issue
    JOIN broadcasts_broadcast AS broadcast ON broadcast.id = issue.broadcast_id
    WHERE issue.due_at > %(now)s AND broadcast.held_at IS NULL
) AS dues (moment)

-- name: is_busy
SELECT EXISTS (SELECT 1 FROM broadcasts_broadcast WHERE next_at <= %(now)s AND held_at IS NULL)
    OR EXISTS (
        SELECT 1
        FROM broadcasts_issue AS issue
        JOIN broadcasts_broadcast AS broadcast ON broadcast.id = issue.broadcast_id
        WHERE issue.due_at <= %(now)s AND broadcast.held_at IS NULL
    )

-- name: letter_figures
-- What became of each letter, counted in indexes alone.
SELECT asked.id, ended.planned, ended.sent, ended.unsure, ended.not_sent, seen.opened, seen.clicked,
       (SELECT count(*) FROM broadcasts_farewell WHERE version_id = asked.id),
       (SELECT count(*) FROM messaging_delivery WHERE message_version_id = asked.id AND first_replied_at IS NOT NULL)
FROM unnest(%(version_ids)s::bigint[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state IN (0, 1)) AS planned, count(*) FILTER (WHERE state = 2) AS sent,
           count(*) FILTER (WHERE state = 4) AS unsure, count(*) FILTER (WHERE state IN (3, 5)) AS not_sent
    FROM messaging_delivery
    WHERE message_version_id = asked.id
) AS ended
CROSS JOIN LATERAL (
    SELECT count(*) AS opened, count(first_clicked_at) AS clicked
    FROM messaging_delivery
    WHERE message_version_id = asked.id AND first_opened_at IS NOT NULL
) AS seen

-- name: bounces
-- How many of each letter came back after the server had taken them.
SELECT message_version_id, count(*)
FROM messaging_delivery
WHERE message_version_id = ANY(%(version_ids)s) AND state = 2 AND bounced_at IS NOT NULL
GROUP BY message_version_id

-- name: second_letters
SELECT version_id FROM broadcasts_letter WHERE version_id = ANY(%(version_ids)s) AND is_again

-- name: answered
-- Who opened or clicked in a letter of that run, also under the ids that were merged into theirs.
SELECT DISTINCT asked.run_id, asked.contact_id
FROM unnest(%(run_ids)s::bigint[], %(contact_ids)s::bigint[]) AS asked (run_id, contact_id)
CROSS JOIN LATERAL (
    SELECT asked.contact_id AS id UNION ALL SELECT from_id FROM contacts_alias WHERE to_id = asked.contact_id
) AS own
JOIN broadcasts_issue AS issue ON issue.run_id = asked.run_id
JOIN messaging_delivery AS delivery
    ON delivery.run_id = asked.run_id AND delivery.step = issue.step AND delivery.contact_id = own.id
WHERE delivery.first_opened_at IS NOT NULL OR delivery.first_clicked_at IS NOT NULL

-- name: note_farewells
INSERT INTO broadcasts_farewell (version_id, contact_id, at)
SELECT last.version_id, asked.contact_id, asked.at
FROM unnest(%(contact_ids)s::bigint[], %(topics)s::text[], %(at)s::timestamptz[]) AS asked (contact_id, topic, at)
CROSS JOIN LATERAL (
    SELECT letter.version_id
    FROM (
        SELECT asked.contact_id AS id UNION ALL SELECT from_id FROM contacts_alias WHERE to_id = asked.contact_id
    ) AS own
    JOIN messaging_delivery AS delivery
        ON delivery.contact_id = own.id AND delivery.try_at > asked.at - %(window)s AND delivery.try_at <= asked.at
        AND delivery.state IN (2, 4)
    JOIN broadcasts_letter AS letter ON letter.version_id = delivery.message_version_id
    JOIN messaging_messageversion AS version ON version.id = letter.version_id AND version.topic = asked.topic
    ORDER BY delivery.try_at DESC
    LIMIT 1
) AS last
ON CONFLICT DO NOTHING
