-- name: results
-- What people answered a survey, each with their latest answer: how many said what.
SELECT count(*),
       count(*) FILTER (WHERE satisfaction = 'above'),
       count(*) FILTER (WHERE satisfaction = 'as_expected'),
       count(*) FILTER (WHERE satisfaction = 'below'),
       count(*) FILTER (WHERE still_using), count(still_using),
       count(*) FILTER (WHERE worth_price), count(worth_price)
FROM (
    SELECT DISTINCT ON (contact_id) satisfaction, still_using, worth_price
    FROM inbox_surveyanswer
    WHERE survey_id = %(survey_id)s::bigint
    ORDER BY contact_id, answered_at DESC, id DESC
) AS latest

-- name: asked
-- How many messages that show a survey went out and did not come back.
SELECT coalesce(sum(sent.messages), 0)::bigint
FROM messaging_messageversion AS version
CROSS JOIN LATERAL (
    SELECT count(*) AS messages FROM messaging_delivery WHERE message_version_id = version.id AND state = 2
) AS sent
WHERE version.bodies -> 'email' -> 'surveys' @> to_jsonb(%(survey_id)s::bigint)

-- name: satisfaction_of
-- Of these people, what each said last, of anything.
SELECT DISTINCT ON (contact_id) contact_id, satisfaction
FROM inbox_surveyanswer
WHERE contact_id = ANY(%(contact_ids)s::bigint[]) AND satisfaction <> '' AND answered_at <= %(now)s
ORDER BY contact_id, answered_at DESC, id DESC
