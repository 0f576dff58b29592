-- name: merge_sights
INSERT INTO catalog_offersight (offer_id, contact_id, first_seen_at)
SELECT offer_id, %(kept_id)s, first_seen_at FROM catalog_offersight WHERE contact_id = %(gone_id)s
ON CONFLICT (offer_id, contact_id)
    DO UPDATE SET first_seen_at = least(catalog_offersight.first_seen_at, excluded.first_seen_at)

-- name: merge_refusals
INSERT INTO catalog_offerrefusal (offer_id, contact_id, reason, at)
SELECT offer_id, %(kept_id)s, reason, at FROM catalog_offerrefusal WHERE contact_id = %(gone_id)s
ON CONFLICT DO NOTHING

-- name: note_sight
-- The first one counts, whatever comes at the same time or later.
INSERT INTO catalog_offersight (offer_id, contact_id, first_seen_at)
VALUES (%(offer_id)s, %(contact_id)s, %(now)s)
ON CONFLICT (offer_id, contact_id) DO NOTHING

-- name: note_refusal
INSERT INTO catalog_offerrefusal (offer_id, contact_id, reason, at)
VALUES (%(offer_id)s, %(contact_id)s, %(reason)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: sights
SELECT offer_id, contact_id, first_seen_at FROM catalog_offersight
WHERE offer_id = ANY(%(offer_ids)s::bigint[]) AND contact_id = ANY(%(contact_ids)s::bigint[])

-- name: takers
SELECT DISTINCT offer_id, contact_id FROM catalog_offerapplication
WHERE offer_id = ANY(%(offer_ids)s::bigint[]) AND contact_id = ANY(%(contact_ids)s::bigint[])
  AND state <> 'cancelled'

-- name: takers_ever
-- Also of what was cancelled since. Of when that was nothing is known of the oldest.
SELECT offer_id, contact_id, at, CASE WHEN state = 'cancelled' THEN coalesce(cancelled_at, at) END
FROM catalog_offerapplication
WHERE offer_id = ANY(%(offer_ids)s::bigint[]) AND contact_id = ANY(%(contact_ids)s::bigint[])

-- name: taken
SELECT offer_id, count(*) FROM catalog_offerapplication
WHERE offer_id = ANY(%(offer_ids)s::bigint[]) AND state <> 'cancelled'
GROUP BY offer_id

-- name: sales
SELECT offer_id, array_agg(at ORDER BY at),
    array_agg(cancelled_at ORDER BY cancelled_at) FILTER (WHERE state = 'cancelled')
FROM catalog_offerapplication
WHERE offer_id = ANY(%(offer_ids)s::bigint[]) AND (state <> 'cancelled' OR cancelled_at >= at)
GROUP BY offer_id

-- name: give_code
-- A code that nobody has, given to a person. Two at once take two.
UPDATE catalog_couponcode SET given_to_id = %(contact_id)s, given_at = %(now)s
WHERE id = (
    SELECT id FROM catalog_couponcode
    WHERE coupon_id = %(coupon_id)s AND given_to_id IS NULL AND uses = 0
    ORDER BY id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING code

-- name: keep_codes
INSERT INTO catalog_couponcode (coupon_id, code, most_uses)
SELECT %(coupon_id)s, code, 1 FROM unnest(%(codes)s::text[]) AS given (code)
ON CONFLICT (code) DO NOTHING
RETURNING code

-- name: known_codes
SELECT code FROM catalog_couponcode WHERE code = ANY(%(codes)s::text[])

-- name: coupon_figures
SELECT coupon.id,
    count(*),
    count(*) FILTER (WHERE code.given_to_id IS NOT NULL),
    coalesce(sum(code.uses), 0),
    coalesce((
        SELECT sum(used.discount) FROM catalog_redemption used
        JOIN catalog_couponcode own ON own.id = used.code_id WHERE own.coupon_id = coupon.id AND used.undone_at IS NULL
    ), 0)
FROM catalog_coupon coupon
JOIN catalog_couponcode code ON code.coupon_id = coupon.id
WHERE coupon.offer_id = %(offer_id)s
GROUP BY coupon.id

-- name: refusals_by_reason
SELECT reason, count(*) FROM catalog_offerrefusal WHERE offer_id = %(offer_id)s GROUP BY reason ORDER BY 2 DESC, 1
