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
    RETURNING contact_id, kind, paid_at
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
