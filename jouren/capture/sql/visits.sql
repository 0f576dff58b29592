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
