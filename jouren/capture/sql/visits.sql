-- name: touch
-- One look at a page: the visitor's last visit moves on, and the touch is kept. No row: the cookie is unknown.
WITH visitor AS (
    UPDATE capture_visitor SET last_seen = greatest(last_seen, %(now)s)
    WHERE token_hash = %(token_hash)s
    RETURNING id, contact_id
), touch AS (
    INSERT INTO capture_touch (visitor_id, at, page, utm, referrer)
    SELECT id, %(now)s, %(page)s, %(utm)s, %(referrer)s FROM visitor
    RETURNING id
)
SELECT touch.id, visitor.contact_id FROM touch, visitor

-- name: first_touch
WITH visitor AS (
    INSERT INTO capture_visitor (token_hash, utm, referrer, page, first_seen, last_seen)
    VALUES (%(token_hash)s, %(utm)s, %(referrer)s, %(page)s, %(now)s, %(now)s)
    RETURNING id
)
INSERT INTO capture_touch (visitor_id, at, page, utm, referrer)
SELECT id, %(now)s, %(page)s, %(utm)s, %(referrer)s FROM visitor

-- name: unknown_visitors
SELECT count(*) FROM capture_visitor WHERE contact_id IS NULL

-- name: new_visitors
SELECT count(*) FROM capture_visitor WHERE contact_id IS NULL AND first_seen >= %(since)s

-- name: visitor_rises
-- Of the browsers that first came between two moments, those from which somebody registered within so long; and how many
-- came later. What became of a merged person is with whom they became.
SELECT count(*) FILTER (WHERE first_seen < %(until)s),
       (
           SELECT count(*)
           FROM capture_visitor AS visitor
           LEFT JOIN contacts_alias AS alias ON alias.from_id = visitor.contact_id
           WHERE visitor.contact_id IS NOT NULL AND visitor.first_seen >= %(since)s AND visitor.first_seen < %(until)s
             AND EXISTS (
                 SELECT FROM pyramid_change
                 WHERE contact_id = coalesce(alias.to_id, visitor.contact_id) AND from_stage < 2 AND to_stage >= 2
                   AND at <= visitor.first_seen + %(within)s::interval
             )
       ),
       count(*) FILTER (WHERE first_seen >= %(until)s)
FROM capture_visitor
WHERE first_seen >= %(since)s

-- name: has_many_visitors
SELECT count(*) > %(most)s FROM (SELECT FROM capture_visitor LIMIT %(most)s + 1) AS visitor
