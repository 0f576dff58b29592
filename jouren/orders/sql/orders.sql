-- name: keep_orders
-- An order that is known under its number counts once, however many events told of it.
WITH fresh AS (
    INSERT INTO orders_order (contact_id, source, number, kind, amount, currency, products, paid_at, event_id)
    SELECT contact_id, source, number, kind, amount, currency,
           ARRAY(SELECT jsonb_array_elements_text(products)), paid_at, event_id
    FROM unnest(
        %(contact_ids)s::bigint[], %(sources)s::text[], %(numbers)s::text[], %(kinds)s::text[], %(amounts)s::bigint[],
        %(currencies)s::text[], %(products)s::jsonb[], %(paid_at)s::timestamptz[], %(event_ids)s::bigint[]
    ) AS row (contact_id, source, number, kind, amount, currency, products, paid_at, event_id)
    ORDER BY source, number
    ON CONFLICT (source, number) DO NOTHING
    RETURNING contact_id, source, number, kind, products, paid_at
), seen AS (
    INSERT INTO orders_seen_code AS known (code, source, shard, orders, last_at, last_number)
    SELECT code, source, contact_id %% 32, count(*), max(paid_at), (array_agg(number ORDER BY paid_at DESC, number))[1]
    FROM fresh, LATERAL (SELECT DISTINCT unnest(products)) AS each (code)
    GROUP BY code, source, contact_id %% 32
    ORDER BY code, source, contact_id %% 32
    ON CONFLICT (code, source, shard) DO UPDATE
    SET orders = known.orders + excluded.orders,
        last_at = greatest(known.last_at, excluded.last_at),
        last_number = CASE WHEN excluded.last_at > known.last_at THEN excluded.last_number ELSE known.last_number END
)
INSERT INTO orders_purchases AS known (contact_id, orders, trials, regulars, first_at, last_at)
SELECT contact_id, count(*), count(*) FILTER (WHERE kind = 'trial'), count(*) FILTER (WHERE kind = 'regular'),
       min(paid_at), max(paid_at)
FROM fresh
GROUP BY contact_id
ORDER BY contact_id
ON CONFLICT (contact_id) DO UPDATE
SET orders = known.orders + excluded.orders,
    trials = known.trials + excluded.trials,
    regulars = known.regulars + excluded.regulars,
    first_at = least(known.first_at, excluded.first_at),
    last_at = greatest(known.last_at, excluded.last_at)

-- name: merge_purchases
WITH gone AS (
    DELETE FROM orders_purchases WHERE contact_id = %(gone_id)s RETURNING orders, trials, regulars, first_at, last_at
)
INSERT INTO orders_purchases AS known (contact_id, orders, trials, regulars, first_at, last_at)
SELECT %(kept_id)s, orders, trials, regulars, first_at, last_at FROM gone
ON CONFLICT (contact_id) DO UPDATE
SET orders = known.orders + excluded.orders,
    trials = known.trials + excluded.trials,
    regulars = known.regulars + excluded.regulars,
    first_at = least(known.first_at, excluded.first_at),
    last_at = greatest(known.last_at, excluded.last_at)

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
ORDER BY 3 DESC, seen.code
LIMIT %(limit)s

-- name: count_unmapped_codes
SELECT count(DISTINCT seen.code)
FROM orders_seen_code AS seen
WHERE NOT EXISTS (
    SELECT FROM catalog_productcode AS meant WHERE meant.code = seen.code AND meant.source IN ('', seen.source)
)

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

-- name: bought_since
-- Of these people those of whom an order, paid at or after their moment, names the product. What a source's own code
-- says comes before what it says everywhere.
SELECT DISTINCT asked.contact_id
FROM unnest(%(contact_ids)s::bigint[], %(moments)s::timestamptz[]) AS asked (contact_id, since)
JOIN orders_order AS bought ON bought.contact_id = asked.contact_id AND bought.paid_at >= asked.since
CROSS JOIN LATERAL unnest(bought.products) AS named (code)
WHERE %(product_id)s::bigint = (
    SELECT meant.product_id FROM catalog_productcode AS meant
    WHERE meant.code = named.code AND meant.source IN ('', bought.source)
    ORDER BY meant.source DESC
    LIMIT 1
)
