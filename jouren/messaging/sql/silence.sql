-- name: newsletter_days
-- On which days the broadcasts of each topic went out, of the newest ones. One message of a broadcast tells its day; one
-- that went to nobody among the first thousand did not come out.
SELECT issue.topic, array_agg(DISTINCT issue.day)
FROM (SELECT id FROM messaging_run WHERE kind = 'broadcast' ORDER BY id DESC LIMIT %(broadcasts)s) AS run
CROSS JOIN LATERAL (
    SELECT version.topic, (first.sent_at AT TIME ZONE %(zone)s)::date AS day
    FROM (SELECT message_version_id, state, sent_at FROM messaging_delivery WHERE run_id = run.id LIMIT 1000) AS first
    JOIN messaging_messageversion AS version ON version.id = first.message_version_id
    WHERE first.state = 2
    LIMIT 1
) AS issue
WHERE issue.topic <> ''
GROUP BY issue.topic

-- name: topic_days
-- On which days messages of each topic went out, of the newest ones.
SELECT version.topic, array_agg(DISTINCT sent.day)
FROM (
    SELECT DISTINCT message_version_id, (newest.sent_at AT TIME ZONE %(zone)s)::date AS day
    FROM (
        SELECT message_version_id, state, sent_at FROM messaging_delivery ORDER BY id DESC LIMIT %(deliveries)s
    ) AS newest
    WHERE newest.state = 2
) AS sent
JOIN messaging_messageversion AS version ON version.id = sent.message_version_id
WHERE version.topic <> ''
GROUP BY version.topic
