-- name: add_passages
INSERT INTO reports_passage (version_id, step, next, day, bucket, people)
SELECT * FROM unnest(%(versions)s::bigint[], %(steps)s::uuid[], %(nexts)s::uuid[], %(days)s::date[],
                     %(buckets)s::smallint[], %(people)s::integer[])

-- name: put_together
-- Equal rows of the days before become one.
WITH taken AS (
    DELETE FROM reports_passage
    WHERE (version_id, day) IN (
        SELECT version_id, day FROM reports_passage WHERE day < %(today)s::date
        GROUP BY version_id, day
        HAVING count(*) > count(DISTINCT (step, next, bucket))
        LIMIT %(limit)s::integer
    )
    RETURNING version_id, step, next, day, bucket, people
)
INSERT INTO reports_passage (version_id, step, next, day, bucket, people)
SELECT version_id, step, next, day, bucket, sum(people) FROM taken GROUP BY version_id, step, next, day, bucket

-- name: note_unsubscriptions
INSERT INTO reports_unsubscription (delivery_id, at)
SELECT * FROM unnest(%(ids)s::bigint[], %(at)s::timestamptz[])
ON CONFLICT DO NOTHING

-- name: passages
SELECT step::text, next::text, bucket, sum(people)::bigint
FROM reports_passage
WHERE version_id = ANY(%(versions)s::bigint[])
  AND (%(since)s::date IS NULL OR day >= %(since)s::date)
  AND (%(until)s::date IS NULL OR day <= %(until)s::date)
GROUP BY step, next, bucket

-- name: counted_since
SELECT min(day) FROM reports_passage WHERE version_id = ANY(%(versions)s::bigint[])

-- name: people
-- Where people are now, and where they left in that time; who entered in that time. Who is held back to compare did not.
SELECT state, step::text,
       count(*) FILTER (WHERE state = 1 OR ((%(from)s::timestamptz IS NULL OR ended_at >= %(from)s::timestamptz)
                                        AND (%(to)s::timestamptz IS NULL OR ended_at < %(to)s::timestamptz))),
       count(*) FILTER (WHERE (%(from)s::timestamptz IS NULL OR entered_at >= %(from)s::timestamptz)
                          AND (%(to)s::timestamptz IS NULL OR entered_at < %(to)s::timestamptz))
FROM journeys_enrolment
WHERE journey_id = %(journey_id)s::bigint AND (%(version_id)s::bigint IS NULL OR version_id = %(version_id)s::bigint)
  AND state <> 5
GROUP BY state, step

-- name: deliveries
SELECT delivery.step::text,
       count(*) FILTER (WHERE delivery.state = 2),
       count(*) FILTER (WHERE delivery.state = 2 AND delivery.bounced_at IS NOT NULL),
       count(delivery.first_opened_at),
       count(delivery.first_clicked_at),
       count(delivery.first_replied_at),
       count(unsubscription.delivery_id),
       count(*) FILTER (WHERE delivery.state = 5)
FROM messaging_delivery AS delivery
LEFT JOIN reports_unsubscription AS unsubscription ON unsubscription.delivery_id = delivery.id
WHERE delivery.run_id = ANY(%(run_ids)s::bigint[])
  AND (%(from)s::timestamptz IS NULL OR coalesce(delivery.sent_at, delivery.due_at) >= %(from)s::timestamptz)
  AND (%(to)s::timestamptz IS NULL OR coalesce(delivery.sent_at, delivery.due_at) < %(to)s::timestamptz)
GROUP BY delivery.step

-- name: deliveries_of_version
-- The same, of the walks that are on this version, or ended on it.
SELECT delivery.step::text,
       count(*) FILTER (WHERE delivery.state = 2),
       count(*) FILTER (WHERE delivery.state = 2 AND delivery.bounced_at IS NOT NULL),
       count(delivery.first_opened_at),
       count(delivery.first_clicked_at),
       count(delivery.first_replied_at),
       count(unsubscription.delivery_id),
       count(*) FILTER (WHERE delivery.state = 5)
FROM messaging_delivery AS delivery
JOIN journeys_enrolment AS walk
  ON walk.journey_id = %(journey_id)s::bigint AND walk.contact_id = delivery.contact_id
 AND walk.occurrence = delivery.occurrence AND walk.version_id = %(version_id)s::bigint
LEFT JOIN reports_unsubscription AS unsubscription ON unsubscription.delivery_id = delivery.id
WHERE delivery.run_id = ANY(%(run_ids)s::bigint[])
  AND (%(from)s::timestamptz IS NULL OR coalesce(delivery.sent_at, delivery.due_at) >= %(from)s::timestamptz)
  AND (%(to)s::timestamptz IS NULL OR coalesce(delivery.sent_at, delivery.due_at) < %(to)s::timestamptz)
GROUP BY delivery.step

-- name: is_large
-- Whether a journey has more walks, or messages, than are counted while somebody waits; looks at no more than those.
SELECT (SELECT count(*) FROM (SELECT FROM journeys_enrolment WHERE journey_id = %(journey_id)s LIMIT %(most)s + 1) AS walk)
       > %(most)s
    OR (
        SELECT count(*)
        FROM (
            SELECT FROM messaging_delivery
            WHERE run_id = %(run_id)s::bigint
            LIMIT %(most)s + 1
        ) AS delivery
    ) > %(most)s

-- name: is_large_shop
-- Whether the shop has more people than are counted while somebody waits; looks at no more than those.
SELECT count(*) > %(most)s FROM (SELECT FROM contacts_contact LIMIT %(most)s + 1) AS person

-- name: ask_for_count
-- Whoever gets a row has to see to it that it is counted; whoever gets none comes while that is under way.
INSERT INTO reports_keptfigures AS kept (journey_id, question, asked_at)
SELECT %(journey_id)s::bigint, %(question)s, %(now)s
WHERE (SELECT count(*) FROM reports_keptfigures WHERE asked_at > %(now)s::timestamptz - %(lost)s::interval) < %(most)s
ON CONFLICT (journey_id, question) DO UPDATE SET asked_at = excluded.asked_at
WHERE kept.asked_at IS NULL OR kept.asked_at <= %(now)s::timestamptz - %(lost)s::interval
RETURNING id
