-- name: lock_orders
-- In the order of their numbers, so that two that fold into the same orders wait for each other instead of for ever.
SELECT known.id,
       known.source, known.number, known.contact_id, known.kind, known.recognised, known.amount, known.currency,
       known.products, known.shipping, known.discount, known.coupon, known.tax, known.subscription, known.reference, known.name,
       known.refunded,
       known.reason, known.placed_at, known.paid_at, known.shipped_at, known.delivered_at, known.cancelled_at,
       known.described_at, known.described_by, known.event_id, known.state, known.is_counted
FROM unnest(%(sources)s::text[], %(numbers)s::text[]) AS asked (source, number)
JOIN orders_order AS known ON known.source = asked.source AND known.number = asked.number
ORDER BY known.source, known.number
FOR UPDATE OF known

-- name: stub_orders
INSERT INTO orders_order (contact_id, source, number, kind, amount, currency, state, is_counted)
SELECT contact_id, source, number, '', 0, '', 'unknown', false
FROM unnest(%(contact_ids)s::bigint[], %(sources)s::text[], %(numbers)s::text[]) AS row (contact_id, source, number)
ORDER BY source, number
ON CONFLICT (source, number) DO NOTHING

-- name: make_orders
INSERT INTO orders_order (
    source, number, contact_id, kind, recognised, amount, currency, products, shipping, discount, coupon, tax,
    subscription, reference, name, refunded, reason, placed_at, paid_at, shipped_at, delivered_at, cancelled_at, described_at,
    described_by, event_id, state, is_counted
)
SELECT
    row.source, row.number, row.contact_id, row.kind, row.recognised, row.amount, row.currency, ARRAY(SELECT
    jsonb_array_elements_text(row.products)), row.shipping, row.discount, row.coupon, row.tax, row.subscription,
    row.reference, row.name, row.refunded, row.reason, row.placed_at, row.paid_at, row.shipped_at, row.delivered_at,
    row.cancelled_at,
    row.described_at, row.described_by, row.event_id, row.state, row.is_counted
FROM unnest(
    %(source)s::text[], %(number)s::text[], %(contact_id)s::bigint[], %(kind)s::text[], %(recognised)s::text[],
    %(amount)s::bigint[], %(currency)s::text[], %(products)s::jsonb[], %(shipping)s::bigint[], %(discount)s::bigint[],
    %(coupon)s::text[], %(tax)s::jsonb[], %(subscription)s::text[], %(reference)s::text[], %(name)s::text[], %(refunded)s::bigint[], %(reason)s::text[],
    %(placed_at)s::timestamptz[], %(paid_at)s::timestamptz[], %(shipped_at)s::timestamptz[],
    %(delivered_at)s::timestamptz[], %(cancelled_at)s::timestamptz[], %(described_at)s::timestamptz[],
    %(described_by)s::text[], %(event_id)s::bigint[], %(state)s::text[], %(is_counted)s::boolean[]
) AS row (
    source, number, contact_id, kind, recognised, amount, currency, products, shipping, discount, coupon, tax,
    subscription, reference, name, refunded, reason, placed_at, paid_at, shipped_at, delivered_at, cancelled_at, described_at,
    described_by, event_id, state, is_counted
)
ORDER BY row.source, row.number
ON CONFLICT (source, number) DO NOTHING
RETURNING id, source, number

-- name: write_orders
UPDATE orders_order AS known
SET
    contact_id = row.contact_id, kind = row.kind, recognised = row.recognised, amount = row.amount, currency =
    row.currency, products = ARRAY(SELECT jsonb_array_elements_text(row.products)), shipping = row.shipping, discount
    = row.discount, coupon = row.coupon, tax = row.tax, subscription = row.subscription, reference = row.reference, name = row.name,
    refunded = row.refunded,
    reason = row.reason, placed_at = row.placed_at, paid_at = row.paid_at, shipped_at = row.shipped_at, delivered_at =
    row.delivered_at, cancelled_at = row.cancelled_at, described_at = row.described_at, described_by =
    row.described_by, event_id = row.event_id, state = row.state, is_counted = row.is_counted
FROM unnest(
    %(ids)s::bigint[],
    %(source)s::text[], %(number)s::text[], %(contact_id)s::bigint[], %(kind)s::text[], %(recognised)s::text[],
    %(amount)s::bigint[], %(currency)s::text[], %(products)s::jsonb[], %(shipping)s::bigint[], %(discount)s::bigint[],
    %(coupon)s::text[], %(tax)s::jsonb[], %(subscription)s::text[], %(reference)s::text[], %(name)s::text[], %(refunded)s::bigint[], %(reason)s::text[],
    %(placed_at)s::timestamptz[], %(paid_at)s::timestamptz[], %(shipped_at)s::timestamptz[],
    %(delivered_at)s::timestamptz[], %(cancelled_at)s::timestamptz[], %(described_at)s::timestamptz[],
    %(described_by)s::text[], %(event_id)s::bigint[], %(state)s::text[], %(is_counted)s::boolean[]
) AS row (
    id,
    source, number, contact_id, kind, recognised, amount, currency, products, shipping, discount, coupon, tax,
    subscription, reference, name, refunded, reason, placed_at, paid_at, shipped_at, delivered_at, cancelled_at, described_at,
    described_by, event_id, state, is_counted
)
WHERE known.id = row.id

-- name: keep_refunds
INSERT INTO orders_refund (source, number, refund, amount, currency, reason, at)
SELECT *
FROM unnest(
    %(sources)s::text[], %(numbers)s::text[], %(refunds)s::text[], %(amounts)s::bigint[], %(currencies)s::text[],
    %(reasons)s::text[], %(at)s::timestamptz[]
) AS row (source, number, refund, amount, currency, reason, at)
ORDER BY source, number, refund
ON CONFLICT (source, number, refund) DO NOTHING

-- name: refund_sums
-- Those without an amount gave all back.
SELECT refund.source, refund.number, refund.currency, coalesce(sum(refund.amount), 0)::bigint,
       bool_or(refund.amount IS NULL)
FROM unnest(%(sources)s::text[], %(numbers)s::text[]) AS asked (source, number)
JOIN orders_refund AS refund ON refund.source = asked.source AND refund.number = asked.number
GROUP BY refund.source, refund.number, refund.currency

-- name: drop_lines
DELETE FROM orders_line WHERE order_id = ANY(%(ids)s::bigint[])

-- name: keep_lines
INSERT INTO orders_line (order_id, position, code, name, quantity, amount, tax_rate)
SELECT *
FROM unnest(
    %(order_ids)s::bigint[], %(positions)s::smallint[], %(codes)s::text[], %(names)s::text[], %(quantities)s::integer[],
    %(amounts)s::bigint[], %(tax_rates)s::smallint[]
)

-- name: forget_purchases
DELETE FROM orders_purchases AS known
WHERE known.contact_id = ANY(%(contact_ids)s::bigint[]) AND NOT EXISTS (
    SELECT FROM orders_order AS bought WHERE bought.contact_id = known.contact_id AND bought.is_counted
)

-- name: count_purchases
INSERT INTO orders_purchases (contact_id, orders, trials, regulars, first_at, last_at)
SELECT contact_id, count(*), count(*) FILTER (WHERE kind = 'trial'), count(*) FILTER (WHERE kind = 'regular'),
       min(paid_at), max(paid_at)
FROM orders_order
WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND is_counted
GROUP BY contact_id
ORDER BY contact_id
ON CONFLICT (contact_id) DO UPDATE
SET orders = excluded.orders, trials = excluded.trials, regulars = excluded.regulars, first_at = excluded.first_at,
    last_at = excluded.last_at

-- name: see_codes
INSERT INTO orders_seen_code AS known (code, source, shard, orders, last_at, last_number)
SELECT *
FROM unnest(
    %(codes)s::text[], %(sources)s::text[], %(shards)s::smallint[], %(orders)s::bigint[], %(last_at)s::timestamptz[],
    %(last_numbers)s::text[]
) AS row (code, source, shard, orders, last_at, last_number)
ORDER BY code, source, shard
ON CONFLICT (code, source, shard) DO UPDATE
SET orders = known.orders + excluded.orders,
    last_at = greatest(known.last_at, excluded.last_at),
    last_number = CASE WHEN excluded.last_at > known.last_at THEN excluded.last_number ELSE known.last_number END

-- name: unknown_kinds
-- Paid orders whose kind nobody knows yet, so many at a time.
SELECT id, source, number, contact_id, amount, currency, products, paid_at, event_id
FROM orders_order
WHERE kind = '' AND id > %(after)s AND paid_at IS NOT NULL
ORDER BY id
LIMIT %(limit)s

-- name: paid_in_history
-- Those of these events that were imported as history.
SELECT event.id
FROM unnest(%(event_ids)s::bigint[], %(paid_at)s::timestamptz[], %(contact_ids)s::bigint[])
    AS asked (event_id, paid_at, contact_id)
JOIN events_event AS event ON event.id = asked.event_id AND event.occurred_at = asked.paid_at AND event.historical
WHERE event.contact_id = asked.contact_id
   OR event.contact_id IN (SELECT from_id FROM contacts_alias WHERE to_id = asked.contact_id)

-- name: unmapped_codes
-- The codes that mean no product in some source that named them, the most frequent first.
SELECT seen.code, array_agg(DISTINCT seen.source), sum(seen.orders)::bigint, max(seen.last_at),
       (array_agg(seen.source ORDER BY seen.last_at DESC, seen.id))[1],
       (array_agg(seen.last_number ORDER BY seen.last_at DESC, seen.id))[1]
FROM orders_seen_code AS seen
WHERE NOT EXISTS (
    SELECT FROM catalog_productcode AS meant WHERE meant.code = seen.code AND meant.source IN ('', seen.source)
)
GROUP BY seen.code
HAVING sum(seen.orders) > 0
ORDER BY 3 DESC, seen.code
LIMIT %(limit)s

-- name: count_unmapped_codes
SELECT count(*)
FROM (
    SELECT FROM orders_seen_code AS seen
    WHERE NOT EXISTS (
        SELECT FROM catalog_productcode AS meant WHERE meant.code = seen.code AND meant.source IN ('', seen.source)
    )
    GROUP BY seen.code
    HAVING sum(seen.orders) > 0
) AS codes

-- name: sold
-- How often each product stood in an order. What a source's own code says comes before what it says everywhere.
SELECT meant.product_id, sum(seen.orders)::bigint, max(seen.last_at)
FROM orders_seen_code AS seen
CROSS JOIN LATERAL (
    SELECT product_id FROM catalog_productcode AS meant
    WHERE meant.code = seen.code AND meant.source IN ('', seen.source)
    ORDER BY meant.source DESC
    LIMIT 1
) AS meant
GROUP BY meant.product_id
HAVING sum(seen.orders) > 0

-- name: forget_order_reasons
UPDATE orders_order SET reason = '' WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND reason <> ''

-- name: forget_refund_reasons
UPDATE orders_refund AS refund SET reason = ''
FROM orders_order AS known
WHERE known.contact_id = ANY(%(contact_ids)s::bigint[]) AND known.source = refund.source
  AND known.number = refund.number AND refund.reason <> ''

-- name: forget_subscription_reasons
UPDATE orders_subscription SET reason = '' WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND reason <> ''

-- name: order_sources
-- From one source to the next by the index.
WITH RECURSIVE known AS (
    (SELECT source FROM orders_order ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (SELECT source FROM orders_order WHERE source > known.source ORDER BY source LIMIT 1)
    FROM known WHERE known.source IS NOT NULL
)
SELECT source FROM known WHERE source IS NOT NULL LIMIT 200

-- name: standing
SELECT known.source, known.number, known.state NOT IN ('cancelled', 'refunded'), known.kind,
       greatest(known.amount - known.refunded, 0)
FROM unnest(%(sources)s::text[], %(numbers)s::text[]) AS asked (source, number)
JOIN orders_order AS known ON known.source = asked.source AND known.number = asked.number
WHERE known.paid_at IS NOT NULL

-- name: revenue_of_offer
-- What is left of what was paid for the orders that took an offer. Those that no shop told of count by their price.
SELECT coalesce(known.currency, took.currency),
       sum(CASE WHEN known.id IS NULL THEN took.price ELSE greatest(known.amount - known.refunded, 0) END)::bigint
FROM catalog_offerapplication AS took
LEFT JOIN orders_order AS known ON known.source = took.source AND known.number = took.order_ref
WHERE took.offer_id = %(offer_id)s AND took.state = 'settled' AND (known.id IS NULL OR known.is_counted)
GROUP BY 1
ORDER BY 1

-- name: bought_since
-- Of these people the purchases at or after their moment that name the product: when each was paid, and when it was
-- cancelled or the last of it paid back. What a source's own code says comes before what it says everywhere.
SELECT asked.contact_id, bought.paid_at,
    CASE WHEN NOT bought.is_counted THEN coalesce(least(bought.cancelled_at, (
        SELECT min(back.at) FROM (
            SELECT refund.at, sum(coalesce(refund.amount, bought.amount)) OVER (ORDER BY refund.at, refund.id) AS amount
            FROM orders_refund AS refund
            WHERE refund.source = bought.source AND refund.number = bought.number
                AND (refund.currency = bought.currency OR refund.amount IS NULL)
        ) AS back
        WHERE back.amount >= bought.amount
    )), bought.paid_at) END
FROM unnest(%(contact_ids)s::bigint[], %(moments)s::timestamptz[]) AS asked (contact_id, since)
JOIN orders_order AS bought
    ON bought.contact_id = asked.contact_id AND bought.kind <> 'free' AND bought.paid_at >= asked.since
WHERE EXISTS (
    SELECT FROM unnest(bought.products) AS named (code) WHERE %(product_id)s::bigint = (
        SELECT meant.product_id FROM catalog_productcode AS meant
        WHERE meant.code = named.code AND meant.source IN ('', bought.source)
        ORDER BY meant.source DESC
        LIMIT 1
    )
)

-- name: first_purchases
-- In each of some periods, how many people bought for the first time.
SELECT width_bucket(first_at, %(bounds)s::timestamptz[]) - 1, count(*)
FROM orders_purchases
WHERE first_at >= %(since)s AND first_at < %(until)s
GROUP BY 1

-- name: all_purchases
-- In each of some periods, the orders that count as purchases; the index on (paid_at, id) serves it.
SELECT width_bucket(paid_at, %(bounds)s::timestamptz[]) - 1, count(*)
FROM orders_order
WHERE is_counted AND paid_at >= %(since)s AND paid_at < %(until)s
GROUP BY 1

-- name: has_many_orders
SELECT count(*) > %(most)s FROM (SELECT FROM orders_order LIMIT %(most)s + 1) AS bought
