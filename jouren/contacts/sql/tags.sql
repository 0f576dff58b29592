-- name: known_tags
-- From one tag to the next in the index, however many people carry each.
WITH RECURSIVE known (text) AS (
    (SELECT text FROM contacts_tag ORDER BY text LIMIT 1)
    UNION ALL
    SELECT (SELECT tag.text FROM contacts_tag AS tag WHERE tag.text > known.text ORDER BY tag.text LIMIT 1)
    FROM known
    WHERE known.text IS NOT NULL
)
SELECT text FROM known WHERE text IS NOT NULL LIMIT %(limit)s
