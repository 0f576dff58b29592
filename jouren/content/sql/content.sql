-- name: answering_pages
-- Pages that name a wall or a doubt, by the address that visits are kept under: below the root of a site.
SELECT '/' || substr(page.url_path, length(root.url_path) + 1) AS path, story.wall, story.doubt
FROM (
    SELECT page_ptr_id, wall, doubt FROM content_landingpage WHERE wall <> '' OR doubt <> ''
    UNION ALL SELECT page_ptr_id, wall, doubt FROM content_homepage WHERE wall <> '' OR doubt <> ''
) AS story
JOIN wagtailcore_page page ON page.id = story.page_ptr_id
JOIN wagtailcore_page root ON root.id IN (SELECT root_page_id FROM wagtailcore_site)
    AND starts_with(page.url_path, root.url_path)

-- name: met
-- What a person met of what answers a wall or a doubt: the first time, the last, and how often.
WITH told AS (
    SELECT type, occurred_at, payload FROM events_event
    WHERE contact_id = ANY(%(contact_ids)s) AND type IN ('message.sent', 'page.visited')
), pages AS (
    SELECT '/' || substr(page.url_path, length(root.url_path) + 1) AS path, story.wall, story.doubt
    FROM (
        SELECT page_ptr_id, wall, doubt FROM content_landingpage WHERE wall <> '' OR doubt <> ''
        UNION ALL SELECT page_ptr_id, wall, doubt FROM content_homepage WHERE wall <> '' OR doubt <> ''
    ) AS story
    JOIN wagtailcore_page page ON page.id = story.page_ptr_id
    JOIN wagtailcore_page root ON root.id IN (SELECT root_page_id FROM wagtailcore_site)
        AND starts_with(page.url_path, root.url_path)
), answers AS (
    SELECT told.occurred_at, message.wall, message.doubt FROM told
    JOIN messaging_message message ON told.type = 'message.sent' AND told.payload -> 'message' = to_jsonb(message.id)
    UNION ALL
    SELECT told.occurred_at, pages.wall, pages.doubt FROM told
    JOIN pages ON told.type = 'page.visited' AND told.payload ->> 'page' = pages.path
)
SELECT 'wall', wall, min(occurred_at), max(occurred_at), count(*) FROM answers WHERE wall <> '' GROUP BY wall
UNION ALL
SELECT 'doubt', doubt, min(occurred_at), max(occurred_at), count(*) FROM answers WHERE doubt <> '' GROUP BY doubt
