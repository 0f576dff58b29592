-- name: zones_of
SELECT id, zone FROM contacts_contact WHERE id = ANY(%(contact_ids)s) AND erased_at IS NULL AND merged_at IS NULL

-- name: note_clicks
-- One click of each of these people. What the shop counts is kept by shard, as the reactor works.
WITH clicked AS (
    SELECT * FROM unnest(%(contact_ids)s::bigint[], %(hours)s::smallint[]) AS row (contact_id, hour)
),
before AS (
    SELECT clicked.contact_id, coalesce(sum(kept.clicks), 0) AS clicks
    FROM clicked LEFT JOIN messaging_click_hour AS kept ON kept.contact_id = clicked.contact_id
    GROUP BY clicked.contact_id
),
noted AS (
    INSERT INTO messaging_click_hour (contact_id, hour, clicks)
    SELECT contact_id, hour, 1 FROM clicked ORDER BY contact_id
    ON CONFLICT (contact_id, hour) DO UPDATE SET clicks = messaging_click_hour.clicks + 1
    RETURNING contact_id, hour, clicks
)
INSERT INTO messaging_shop_click_hour AS shop (shard, hour, clicks, pairs, same_pairs)
SELECT noted.contact_id %% 32, noted.hour, count(*), sum(2 * before.clicks), sum(2 * (noted.clicks - 1))
FROM noted JOIN before ON before.contact_id = noted.contact_id
GROUP BY 1, 2
ORDER BY 1, 2
ON CONFLICT (shard, hour) DO UPDATE
SET clicks = shop.clicks + excluded.clicks, pairs = shop.pairs + excluded.pairs,
    same_pairs = shop.same_pairs + excluded.same_pairs

-- name: shop_hours
SELECT hour, sum(clicks)::bigint, sum(pairs)::bigint, sum(same_pairs)::bigint FROM messaging_shop_click_hour GROUP BY hour

-- name: person_hours
-- Each person's zone and clicks by hour, also under the id of somebody merged into them.
SELECT asked.id, contact.zone, kept.hours, kept.clicks
FROM unnest(%(contact_ids)s::bigint[]) AS asked (id)
LEFT JOIN contacts_alias AS alias ON alias.from_id = asked.id
LEFT JOIN contacts_contact AS contact ON contact.id = coalesce(alias.to_id, asked.id)
LEFT JOIN LATERAL (
    SELECT array_agg(hour) AS hours, array_agg(clicks) AS clicks
    FROM messaging_click_hour
    WHERE contact_id = contact.id
) AS kept ON true

-- name: merge_click_hours
-- The kept one's clicks are those of both; pairs across the two are pairs of one person now.
WITH gone AS (
    DELETE FROM messaging_click_hour WHERE contact_id = %(gone_id)s RETURNING hour, clicks
),
kept AS (
    SELECT hour, clicks FROM messaging_click_hour WHERE contact_id = %(kept_id)s
),
merged AS (
    INSERT INTO messaging_click_hour (contact_id, hour, clicks)
    SELECT %(kept_id)s, hour, clicks FROM gone
    ON CONFLICT (contact_id, hour) DO UPDATE SET clicks = messaging_click_hour.clicks + excluded.clicks
)
INSERT INTO messaging_shop_click_hour AS shop (shard, hour, clicks, pairs, same_pairs)
SELECT %(kept_id)s::bigint %% 32, gone.hour, 0, 2 * gone.clicks * (SELECT sum(clicks) FROM kept),
       2 * gone.clicks * coalesce((SELECT clicks FROM kept WHERE kept.hour = gone.hour), 0)
FROM gone
WHERE EXISTS (SELECT FROM kept)
ON CONFLICT (shard, hour) DO UPDATE
SET pairs = shop.pairs + excluded.pairs, same_pairs = shop.same_pairs + excluded.same_pairs

-- name: forget_click_hours
DELETE FROM messaging_click_hour WHERE contact_id = ANY(%(contact_ids)s)
