-- name: stage
COPY imports_staged (import_id, number, line, said) FROM STDIN

-- name: analyze_staged
ANALYZE imports_staged

-- name: sort
-- Whether the planner may sort. A plan for any number would sort the whole table for each piece; the index is in order.
SELECT set_config('enable_sort', %(may)s, true)

-- name: next_rows
-- From one order's number to the next in the index, wherever its rows stood in the file.
SELECT number, line, said
FROM imports_staged
WHERE import_id = %(import_id)s AND number > %(after)s
ORDER BY number, line
LIMIT %(limit)s

-- name: rows_of_order
SELECT count(*), min(line) FROM imports_staged WHERE import_id = %(import_id)s AND number = %(number)s

-- name: told_before
-- How many of these orders are known, and the last person's id so far.
SELECT count(*), (SELECT coalesce(max(id), 0) FROM contacts_contact)
FROM orders_buyer
WHERE source = %(source)s AND thing = 'order' AND number = ANY(%(numbers)s::text[])

-- name: told_of
-- How many buyers of these orders were made known by telling of them, and of how many the buyer was erased.
SELECT count(DISTINCT contact_id) FILTER (WHERE contact_id > %(last_id)s), count(*) FILTER (WHERE contact_id IS NULL)
FROM orders_buyer
WHERE source = %(source)s AND thing = 'order' AND number = ANY(%(numbers)s::text[])

-- name: count_staged
SELECT count(*) FROM imports_staged WHERE import_id = %(import_id)s

-- name: forget_staged
DELETE FROM imports_staged WHERE import_id = %(import_id)s

-- name: forget_seen
DELETE FROM imports_seen WHERE import_id = %(import_id)s

-- name: see
COPY imports_seen (import_id, person, contact_id, rule_id, had, at, consents, agreed_where) FROM STDIN

-- name: analyze_seen
ANALYZE imports_seen

-- name: seen_people
SELECT count(DISTINCT person) FILTER (WHERE contact_id IS NULL), count(DISTINCT person) FILTER (WHERE contact_id IS NOT NULL),
       count(DISTINCT person) FILTER (WHERE consents)
FROM imports_seen
WHERE import_id = %(import_id)s

-- name: foresee
-- Everybody's stage afterwards, with the rule that leads there and when it was met; rule null: where they stand already.
-- In this order: the highest stage first, its commonest reason, who came there last. On what consent: of several in the
-- file, the first that was given.
INSERT INTO imports_foreseen
    (of_id, place, turn, who, contact_id, now, stage, rule_id, at, agreed_at, agreed_where)
WITH people AS (
    SELECT person, min(contact_id) AS contact_id FROM imports_seen WHERE import_id = %(import_id)s GROUP BY person
),
ranked AS (
    SELECT person, rule_id, had, at, row_number() OVER (PARTITION BY person, rule_id ORDER BY at) AS place
    FROM imports_seen
    WHERE import_id = %(import_id)s AND rule_id IS NOT NULL
),
met AS (
    SELECT DISTINCT ON (ranked.person) ranked.person, rule.stage, ranked.rule_id, ranked.at
    FROM ranked
    JOIN unnest(%(rule_ids)s::bigint[], %(at_least)s::integer[], %(stages)s::smallint[]) AS rule (id, at_least, stage)
        ON rule.id = ranked.rule_id
    WHERE ranked.place = greatest(rule.at_least - ranked.had, 1)
    ORDER BY ranked.person, rule.stage DESC, ranked.at
),
agreed AS (
    SELECT DISTINCT ON (person) person, at, agreed_where
    FROM imports_seen
    WHERE import_id = %(import_id)s AND consents
    ORDER BY person, at
),
standing AS (
    SELECT people.person, people.contact_id, coalesce(position.stage, 1) AS now,
           greatest(coalesce(met.stage, 1), coalesce(position.stage, 1)) AS stage,
           CASE WHEN met.stage > coalesce(position.stage, 1) THEN met.rule_id END AS rule_id,
           CASE WHEN met.stage > coalesce(position.stage, 1) THEN met.at END AS at
    FROM people
    LEFT JOIN met USING (person)
    LEFT JOIN pyramid_position AS position ON position.contact_id = people.contact_id
),
numbered AS (
    SELECT *, count(*) OVER (PARTITION BY stage, rule_id) AS people,
           row_number() OVER (PARTITION BY stage, rule_id ORDER BY at DESC, person) AS turn
    FROM standing
)
SELECT %(import_id)s, row_number() OVER (ORDER BY stage DESC, people DESC, rule_id, turn), turn,
       CASE WHEN contact_id IS NULL THEN person ELSE '' END, contact_id, now, stage, rule_id, numbered.at,
       agreed.at, coalesce(agreed_where, '')
FROM numbered
LEFT JOIN agreed USING (person)

-- name: foreseen_stages
SELECT stage, rule_id, count(*)
FROM imports_foreseen
WHERE of_id = %(import_id)s
GROUP BY stage, rule_id
ORDER BY min(place)

-- name: forget_foreseen
DELETE FROM imports_foreseen WHERE of_id = %(import_id)s

-- name: forget_foreseen_people
-- Also those who were new when the file was checked, and became known since; and of whom a check under way has seen.
WITH told AS (
    SELECT value AS who FROM contacts_identity WHERE contact_id = ANY(%(contact_ids)s::bigint[])
),
known AS (
    DELETE FROM imports_foreseen WHERE contact_id = ANY(%(contact_ids)s::bigint[])
),
seen AS (
    DELETE FROM imports_seen
    WHERE contact_id = ANY(%(contact_ids)s::bigint[]) OR person IN (SELECT who FROM told)
)
DELETE FROM imports_foreseen WHERE who <> '' AND who IN (SELECT who FROM told)

-- name: old_files
SELECT id FROM imports_import
WHERE file <> '' AND coalesce(ended_at, created_at) < %(before)s AND state NOT IN ('checking', 'running')
