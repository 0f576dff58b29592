-- name: name_buyers
-- Who was told first stays. The order keeps two that tell of the same things from waiting for each other for ever.
INSERT INTO orders_buyer (source, thing, number, contact_id)
SELECT %(source)s, thing, number, contact_id
FROM unnest(%(things)s::text[], %(numbers)s::text[], %(contact_ids)s::bigint[]) AS row (thing, number, contact_id)
ORDER BY thing, number
ON CONFLICT (source, thing, number) DO NOTHING

-- name: lock_nameless_things
-- Those that nobody is known to have bought: whoever names the buyer waits for whoever asks, and the other way round.
SELECT buyer.thing, buyer.number, coalesce(
    (SELECT contact_id FROM orders_order AS known
     WHERE buyer.thing = 'order' AND known.source = buyer.source AND known.number = buyer.number),
    (SELECT contact_id FROM orders_subscription AS known
     WHERE buyer.thing = 'subscription' AND known.source = buyer.source AND known.number = buyer.number)
)
FROM unnest(%(things)s::text[], %(numbers)s::text[]) AS asked (thing, number)
JOIN orders_buyer AS buyer
    ON buyer.source = %(source)s AND buyer.thing = asked.thing AND buyer.number = asked.number
WHERE buyer.contact_id IS NULL
ORDER BY buyer.thing, buyer.number
FOR UPDATE OF buyer

-- name: set_buyers
UPDATE orders_buyer AS buyer
SET contact_id = row.contact_id
FROM unnest(%(things)s::text[], %(numbers)s::text[], %(contact_ids)s::bigint[]) AS row (thing, number, contact_id)
WHERE buyer.source = %(source)s AND buyer.thing = row.thing AND buyer.number = row.number AND buyer.contact_id IS NULL

-- name: buyers
-- Who they are now; erased ones are null.
SELECT buyer.thing, buyer.number, person.id
FROM unnest(%(things)s::text[], %(numbers)s::text[]) AS asked (thing, number)
JOIN orders_buyer AS buyer
    ON buyer.source = %(source)s AND buyer.thing = asked.thing AND buyer.number = asked.number
LEFT JOIN contacts_alias AS alias ON alias.from_id = buyer.contact_id
LEFT JOIN contacts_contact AS person
    ON person.id = coalesce(alias.to_id, buyer.contact_id) AND person.erased_at IS NULL
WHERE buyer.contact_id IS NOT NULL

-- name: let_wait
INSERT INTO orders_waiting (source, thing, number, name, type, payload, occurred_at, key, historical, told_at)
SELECT %(source)s, row.*, %(now)s
FROM unnest(
    %(things)s::text[], %(numbers)s::text[], %(names)s::text[], %(types)s::text[], %(payloads)s::jsonb[],
    %(occurred_at)s::timestamptz[], %(keys)s::text[], %(historical)s::boolean[]
) AS row (thing, number, name, type, payload, occurred_at, key, historical)
ORDER BY thing, number, name
ON CONFLICT (source, thing, number, name) DO NOTHING

-- name: release
WITH released AS (
    DELETE FROM orders_waiting AS waiting
    USING unnest(%(things)s::text[], %(numbers)s::text[]) AS asked (thing, number)
    WHERE waiting.source = %(source)s AND waiting.thing = asked.thing AND waiting.number = asked.number
    RETURNING waiting.*
)
SELECT type, thing, number, payload, occurred_at, key, historical FROM released ORDER BY occurred_at, id

-- name: keep_other_numbers
INSERT INTO orders_other_number (source, number, "order")
SELECT %(source)s, number, own FROM unnest(%(numbers)s::text[], %(orders)s::text[]) AS row (number, own)
ON CONFLICT (source, number) DO NOTHING

-- name: orders_of_numbers
SELECT number, "order" FROM orders_other_number AS known
WHERE source = %(source)s AND number = ANY(%(numbers)s::text[]) AND NOT EXISTS (
    SELECT FROM orders_other_number AS further WHERE further.source = known.source AND further.number = known."order"
)

-- name: forget_waiting
DELETE FROM orders_waiting WHERE told_at < %(before)s
