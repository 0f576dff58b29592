-- name: lock
SELECT id FROM contacts_contact
WHERE id = ANY(%(contact_ids)s::bigint[]) AND erased_at IS NULL AND merged_at IS NULL
ORDER BY id FOR NO KEY UPDATE

-- name: standings
-- What is known of those who said how satisfied they are and bought at the regular price: of these people, or all.
SELECT said.contact_id, bought.regulars, last.paid_at, said.satisfaction
FROM (
    SELECT DISTINCT ON (contact_id) contact_id, satisfaction
    FROM inbox_surveyanswer
    WHERE satisfaction <> '' AND (%(contact_ids)s::bigint[] IS NULL OR contact_id = ANY(%(contact_ids)s::bigint[]))
    ORDER BY contact_id, answered_at DESC, id DESC
) AS said
JOIN orders_purchases AS bought ON bought.contact_id = said.contact_id AND bought.regulars > 0
JOIN contacts_contact AS contact
    ON contact.id = said.contact_id AND contact.erased_at IS NULL AND contact.merged_at IS NULL
CROSS JOIN LATERAL (
    SELECT max(paid.paid_at) AS paid_at FROM orders_order AS paid
    WHERE paid.contact_id = said.contact_id AND paid.is_counted AND paid.kind = 'regular'
) AS last

-- name: open_marks
SELECT contact_id FROM mechanisms_mark
WHERE kind = %(kind)s::text AND until IS NULL
  AND (%(contact_ids)s::bigint[] IS NULL OR contact_id = ANY(%(contact_ids)s::bigint[]))

-- name: open_at
SELECT DISTINCT contact_id FROM mechanisms_mark
WHERE kind = %(kind)s::text AND contact_id = ANY(%(contact_ids)s::bigint[])
  AND since <= %(now)s AND (until IS NULL OR until > %(now)s)

-- name: begin_marks
-- No mark begins before the last one of its kind ended.
INSERT INTO mechanisms_mark (contact_id, kind, since, noted_at, counted_from, days)
SELECT row.contact_id, %(kind)s::text, greatest(row.since, (
           SELECT max(past.until) FROM mechanisms_mark AS past
           WHERE past.contact_id = row.contact_id AND past.kind = %(kind)s::text
       )), %(now)s, row.counted_from, row.days
FROM unnest(%(contact_ids)s::bigint[], %(since)s::timestamptz[], %(counted_from)s::timestamptz[], %(days)s::integer[])
    AS row (contact_id, since, counted_from, days)
ORDER BY row.contact_id
ON CONFLICT (contact_id, kind) WHERE until IS NULL DO NOTHING
RETURNING contact_id, since, days

-- name: end_marks
UPDATE mechanisms_mark AS mark
SET until = greatest(row.at, mark.since)
FROM unnest(%(contact_ids)s::bigint[], %(at)s::timestamptz[]) AS row (contact_id, at)
WHERE mark.contact_id = row.contact_id AND mark.kind = %(kind)s::text AND mark.until IS NULL
RETURNING mark.contact_id, mark.until

-- name: end_lapses
-- Who bought after the purchase from which their lapse was counted.
UPDATE mechanisms_mark AS mark
SET until = greatest(bought.last_at, mark.since)
FROM orders_purchases AS bought
WHERE mark.contact_id = ANY(%(contact_ids)s::bigint[]) AND mark.kind = 'lapsed' AND mark.until IS NULL
  AND bought.contact_id = mark.contact_id AND bought.last_at > mark.counted_from
RETURNING mark.contact_id, mark.since, mark.until

-- name: lapsing
-- Who has not bought for too long and is not marked yet: when that came about, after which purchase, by how many days.
-- What a source's own code says comes before what it says everywhere. Who has a running subscription has not lapsed.
SELECT bought.contact_id, bought.last_at + make_interval(days => term.days) AS since, bought.last_at, term.days,
       product.days IS NOT NULL
FROM orders_purchases AS bought
JOIN contacts_contact AS contact
    ON contact.id = bought.contact_id AND contact.erased_at IS NULL AND contact.merged_at IS NULL
LEFT JOIN LATERAL (
    -- Cut off before, not after: "least" would take the longest term for one that nobody knows.
    SELECT max(least(
        %(times)s::bigint * product.lasts_days * greatest(coalesce(line.quantity, 1), 1), %(most)s
    ))::integer AS days
    FROM orders_order AS paid
    CROSS JOIN LATERAL unnest(paid.products) AS named (code)
    CROSS JOIN LATERAL (
        SELECT product_id FROM catalog_productcode AS meant
        WHERE meant.code = named.code AND meant.source IN ('', paid.source)
        ORDER BY meant.source DESC
        LIMIT 1
    ) AS meant
    JOIN catalog_product AS product ON product.id = meant.product_id AND product.lasts_days IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT sum(line.quantity) AS quantity FROM orders_line AS line
        WHERE line.order_id = paid.id AND line.code = named.code
    ) AS line ON true
    WHERE %(by_product)s::boolean AND paid.contact_id = bought.contact_id AND paid.is_counted
      AND paid.paid_at = bought.last_at
) AS product ON true
CROSS JOIN LATERAL (SELECT coalesce(product.days, %(days)s::integer) AS days) AS term
WHERE bought.last_at <= %(now)s::timestamptz - make_interval(days => least(%(days)s::integer, (
          CASE WHEN %(by_product)s::boolean
          THEN (SELECT least(%(times)s::bigint * min(lasts_days), %(most)s)::integer FROM catalog_product) END
      )))
  AND bought.last_at + make_interval(days => term.days) <= %(now)s
  AND NOT EXISTS (
      SELECT FROM mechanisms_mark AS mark
      WHERE mark.contact_id = bought.contact_id AND mark.kind = 'lapsed' AND mark.until IS NULL
  )
  AND NOT EXISTS (
      SELECT FROM orders_subscription AS running
      WHERE running.contact_id = bought.contact_id AND running.state = 'active'
  )

-- name: still_lapsing
-- After the lock: of those found before, who has not bought since.
SELECT found.contact_id
FROM unnest(%(contact_ids)s::bigint[], %(counted_from)s::timestamptz[]) AS found (contact_id, counted_from)
JOIN orders_purchases AS bought ON bought.contact_id = found.contact_id AND bought.last_at = found.counted_from
JOIN contacts_contact AS contact
    ON contact.id = found.contact_id AND contact.erased_at IS NULL AND contact.merged_at IS NULL

-- name: winback_over
-- Who lapsed, was invited so often since that became known (or since they last came back), and has had time to think it
-- over. What went to somebody whose lapse was found late was no try to win them back.
SELECT counted.contact_id, counted.sent_at
FROM (
    SELECT mark.contact_id, sent.sent_at,
           row_number() OVER (PARTITION BY mark.contact_id ORDER BY sent.sent_at) AS place
    FROM mechanisms_mark AS mark
    CROSS JOIN LATERAL (
        SELECT mark.contact_id AS id UNION ALL SELECT from_id FROM contacts_alias WHERE to_id = mark.contact_id
    ) AS known
    JOIN messaging_delivery AS sent
        ON sent.contact_id = known.id AND sent.state = 2 AND sent.bounced_at IS NULL AND sent.sent_at >= mark.noted_at
    JOIN messaging_messageversion AS version ON version.id = sent.message_version_id AND version.kind = 'ask'
    WHERE mark.kind = 'lapsed' AND mark.until IS NULL AND sent.sent_at > coalesce((
        SELECT max(lifted_at) FROM contacts_suppression AS back
        WHERE back.contact_id = mark.contact_id AND back.reason = ANY(%(reasons)s::text[])
    ), '-infinity')
) AS counted
JOIN contacts_contact AS contact
    ON contact.id = counted.contact_id AND contact.erased_at IS NULL AND contact.merged_at IS NULL
WHERE counted.place = %(messages)s AND counted.sent_at <= %(before)s
  AND NOT EXISTS (
      SELECT FROM contacts_suppression AS stop
      WHERE stop.contact_id = counted.contact_id AND stop.lifted_at IS NULL AND stop.reason = ANY(%(reasons)s::text[])
  )

-- name: good_customers
-- Of these people the first order with which they had bought for so much at the regular price within a year.
SELECT DISTINCT ON (contact_id) contact_id, event_id, paid_at
FROM (
    SELECT contact_id, event_id, paid_at, sum(amount - refunded) OVER (
        PARTITION BY contact_id ORDER BY paid_at RANGE BETWEEN '365 days'::interval PRECEDING AND CURRENT ROW
    ) AS total
    FROM orders_order
    WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND is_counted AND kind = 'regular' AND currency = %(currency)s
) AS bought
WHERE total >= %(amount)s AND event_id IS NOT NULL
ORDER BY contact_id, paid_at, event_id

-- name: count_good
SELECT count(*)
FROM (
    SELECT contact_id FROM orders_order
    WHERE is_counted AND kind = 'regular' AND currency = %(currency)s AND paid_at > %(since)s AND paid_at <= %(now)s
    GROUP BY contact_id
    HAVING sum(amount - refunded) >= %(amount)s
) AS good
LEFT JOIN pyramid_position AS position ON position.contact_id = good.contact_id
WHERE coalesce(position.stage, 1) < 5

-- name: count_risen
-- For a rule about purchases: who fulfils it and stands lower.
SELECT count(*)
FROM orders_purchases AS bought
LEFT JOIN pyramid_position AS position ON position.contact_id = bought.contact_id
WHERE CASE %(kind)s::text WHEN 'trial' THEN bought.trials WHEN 'regular' THEN bought.regulars ELSE bought.orders END
      >= %(at_least)s
  AND coalesce(position.stage, 1) < %(stage)s

-- name: open_tasks
INSERT INTO mechanisms_task (kind_id, contact_id, occasion, at, state)
SELECT kind.id, person.id, kind.occasion, %(now)s, 'open'
FROM unnest(%(contact_ids)s::bigint[]) AS person (id)
CROSS JOIN mechanisms_taskkind AS kind
WHERE kind.is_enabled AND kind.occasion = %(occasion)s
ORDER BY person.id, kind.position, kind.id
ON CONFLICT (kind_id, contact_id) DO NOTHING
RETURNING id, contact_id, kind_id

-- name: merge_tasks
UPDATE mechanisms_task AS task SET contact_id = %(kept_id)s
WHERE task.contact_id = %(gone_id)s AND NOT EXISTS (
    SELECT FROM mechanisms_task AS own WHERE own.contact_id = %(kept_id)s AND own.kind_id = task.kind_id
)

-- name: merge_open_marks
-- Of two marks of a kind that both hold, the earlier stays.
DELETE FROM mechanisms_mark AS mark
USING mechanisms_mark AS other
WHERE mark.contact_id IN (%(kept_id)s, %(gone_id)s) AND other.contact_id IN (%(kept_id)s, %(gone_id)s)
  AND mark.contact_id <> other.contact_id AND mark.kind = other.kind AND mark.until IS NULL AND other.until IS NULL
  AND (mark.since, mark.id) > (other.since, other.id)

-- name: claim
UPDATE mechanisms_mechanismrules SET next_at = %(next_at)s WHERE next_at IS NULL OR next_at <= %(now)s RETURNING id

-- name: satisfied_when
-- Of everybody the events that, when they were told, satisfied a promotion rule, the first one and each that did so again:
-- what counts is as in "fulfilled" of the pyramid. Merged people's events count as theirs.
SELECT contact_id, id
FROM (
    SELECT contact.id AS contact_id, event.id,
           row_number() OVER (PARTITION BY contact.id ORDER BY event.id) AS place
    FROM events_event AS event
    LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
    JOIN contacts_contact AS contact
        ON contact.id = coalesce(alias.to_id, event.contact_id)
        AND contact.erased_at IS NULL AND contact.merged_at IS NULL
    WHERE event.payload @> %(match)s::jsonb
      AND event.type = ANY(
          CASE WHEN %(type)s::text = 'order.paid' AND %(match)s::jsonb ? 'kind'
               THEN ARRAY['order.paid', 'order.recognised'] ELSE ARRAY[%(type)s::text] END
      )
      AND NOT (
          %(type)s::text = 'order.paid' AND NOT %(match)s::jsonb ? 'kind' AND event.payload @> '{"kind": "free"}'
      )
) AS told
WHERE place >= %(at_least)s

-- name: good_when
-- Of everybody the purchases with which, as they were told, they were good customers.
SELECT bought.contact_id, bought.event_id
FROM (
    SELECT contact_id, min(event_id) AS event_id
    FROM (
        SELECT contact_id, event_id, sum(amount - refunded) OVER (
            PARTITION BY contact_id ORDER BY paid_at RANGE BETWEEN '365 days'::interval PRECEDING AND CURRENT ROW
        ) AS total
        FROM orders_order
        WHERE is_counted AND kind = 'regular' AND currency = %(currency)s
    ) AS sums
    WHERE total >= %(amount)s
    GROUP BY contact_id
) AS good
JOIN orders_order AS bought ON bought.contact_id = good.contact_id AND bought.event_id >= good.event_id

-- name: put_by_hand
-- Where people were put, by staff or a journey.
SELECT coalesce(alias.to_id, event.contact_id), event.id, (event.payload ->> 'to')::integer
FROM events_event AS event
LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
JOIN contacts_contact AS contact
    ON contact.id = coalesce(alias.to_id, event.contact_id)
    AND contact.erased_at IS NULL AND contact.merged_at IS NULL
WHERE event.type = 'stage.entered' AND event.payload ->> 'reason' <> ALL(%(by_rules)s::text[])

-- name: told_of_marks
-- In the order in which it was told.
SELECT contact.id, event.type
FROM events_event AS event
LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
JOIN contacts_contact AS contact
    ON contact.id = coalesce(alias.to_id, event.contact_id)
    AND contact.erased_at IS NULL AND contact.merged_at IS NULL
WHERE event.type = ANY(%(types)s::text[])
ORDER BY event.id
