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
-- Which messages reached a person and which pages they looked at: the first time, the last, and how often.
SELECT type, coalesce(payload ->> 'message', payload ->> 'page'), min(occurred_at), max(occurred_at), count(*)
FROM events_event
WHERE contact_id = ANY(%(contact_ids)s) AND type IN ('message.sent', 'page.visited')
GROUP BY 1, 2
