-- name: lock_subscriptions
SELECT
    known.source, known.number, known.contact_id, known.state, known.product, known.every_days, known.amount,
    known.currency, known.next_on, known.started_at, known.renewed_at, known.renewals, known.paused_at,
    known.paused_until, known.cancelled_at, known.reason, known.stated_at, known.stated_by, known.scheduled_at,
    known.scheduled_by, known.scheduled_on
FROM unnest(%(sources)s::text[], %(numbers)s::text[]) AS asked (source, number)
JOIN orders_subscription AS known ON known.source = asked.source AND known.number = asked.number
ORDER BY known.source, known.number
FOR UPDATE OF known

-- name: make_subscriptions
INSERT INTO orders_subscription (
    source, number, contact_id, state, product, every_days, amount, currency, next_on, started_at, renewed_at,
    renewals, paused_at, paused_until, cancelled_at, reason, stated_at, stated_by, scheduled_at, scheduled_by,
    scheduled_on
)
SELECT *
FROM unnest(
    %(source)s::text[], %(number)s::text[], %(contact_id)s::bigint[], %(state)s::text[], %(product)s::text[],
    %(every_days)s::smallint[], %(amount)s::bigint[], %(currency)s::text[], %(next_on)s::date[],
    %(started_at)s::timestamptz[], %(renewed_at)s::timestamptz[], %(renewals)s::integer[],
    %(paused_at)s::timestamptz[], %(paused_until)s::date[], %(cancelled_at)s::timestamptz[], %(reason)s::text[],
    %(stated_at)s::timestamptz[], %(stated_by)s::text[], %(scheduled_at)s::timestamptz[], %(scheduled_by)s::text[],
    %(scheduled_on)s::date[]
) AS row (
    source, number, contact_id, state, product, every_days, amount, currency, next_on, started_at, renewed_at,
    renewals, paused_at, paused_until, cancelled_at, reason, stated_at, stated_by, scheduled_at, scheduled_by,
    scheduled_on
)
ORDER BY source, number
ON CONFLICT (source, number) DO NOTHING
RETURNING source, number

-- name: write_subscriptions
UPDATE orders_subscription AS known
SET
    contact_id = row.contact_id, state = row.state, product = row.product, every_days = row.every_days, amount =
    row.amount, currency = row.currency, next_on = row.next_on, started_at = row.started_at, renewed_at =
    row.renewed_at, renewals = row.renewals, paused_at = row.paused_at, paused_until = row.paused_until, cancelled_at
    = row.cancelled_at, reason = row.reason, stated_at = row.stated_at, stated_by = row.stated_by, scheduled_at =
    row.scheduled_at, scheduled_by = row.scheduled_by, scheduled_on = row.scheduled_on
FROM unnest(
    %(source)s::text[], %(number)s::text[], %(contact_id)s::bigint[], %(state)s::text[], %(product)s::text[],
    %(every_days)s::smallint[], %(amount)s::bigint[], %(currency)s::text[], %(next_on)s::date[],
    %(started_at)s::timestamptz[], %(renewed_at)s::timestamptz[], %(renewals)s::integer[],
    %(paused_at)s::timestamptz[], %(paused_until)s::date[], %(cancelled_at)s::timestamptz[], %(reason)s::text[],
    %(stated_at)s::timestamptz[], %(stated_by)s::text[], %(scheduled_at)s::timestamptz[], %(scheduled_by)s::text[],
    %(scheduled_on)s::date[]
) AS row (
    source, number, contact_id, state, product, every_days, amount, currency, next_on, started_at, renewed_at,
    renewals, paused_at, paused_until, cancelled_at, reason, stated_at, stated_by, scheduled_at, scheduled_by,
    scheduled_on
)
WHERE known.source = row.source AND known.number = row.number
