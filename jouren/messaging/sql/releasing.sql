-- name: withhold_doubtful
-- What waits since before a moment and may have been sent by the installation that the backup is of; what was to wait for
-- longer than that cannot have been. What was handed over without an answer counts as tried, whenever it is tried again.
UPDATE messaging_delivery AS delivery
SET state = 5, reason = %(reason)s
FROM (
    SELECT waiting.id
    FROM messaging_delivery AS waiting
    JOIN messaging_messageversion AS version ON version.id = waiting.message_version_id
    WHERE waiting.lane IN (0, 1, 2) AND waiting.state = 0 AND waiting.due_at <= %(until)s
      AND (waiting.try_at <= %(until)s OR waiting.uncertain > 0)
      AND NOT (%(spares)s AND version.kind = 'transactional')
    ORDER BY waiting.id
    LIMIT %(limit)s
    FOR UPDATE OF waiting
) AS doubtful
WHERE delivery.id = doubtful.id
RETURNING delivery.id, delivery.contact_id, delivery.message_version_id

-- name: count_held
-- Doubtful marketing and what is doubtful and transactional, as above; what else is due; and all that would go at once,
-- which leaves out what a pause holds.
SELECT count(*) FILTER (WHERE is_doubtful AND kind <> 'transactional'),
       count(*) FILTER (WHERE is_doubtful AND kind = 'transactional'),
       count(*) FILTER (WHERE NOT is_doubtful AND may_go),
       count(*) FILTER (WHERE may_go)
FROM (
    SELECT version.kind, delivery.try_at <= %(now)s AND run.held_at IS NULL AS may_go,
           delivery.due_at <= %(until)s AND (delivery.try_at <= %(until)s OR delivery.uncertain > 0) AS is_doubtful
    FROM messaging_delivery AS delivery
    JOIN messaging_run AS run ON run.id = delivery.run_id
    JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
    WHERE delivery.lane IN (0, 1, 2) AND delivery.state = 0
) AS waiting

-- name: count_attempting
SELECT count(*) FROM messaging_delivery WHERE state = 1
