-- name: tell
-- Whoever is no longer there is not told; the same step of the same walk is told once.
INSERT INTO team_notice (user_id, contact_id, journey_id, journey, text, at, walk_id, step, occurrence)
SELECT told.user_id, told.contact_id, told.journey_id, told.journey, told.text, %(now)s, told.walk_id, told.step,
       told.occurrence
FROM unnest(
    %(user_ids)s::bigint[], %(contact_ids)s::bigint[], %(journey_ids)s::bigint[], %(journeys)s::text[],
    %(texts)s::text[], %(walk_ids)s::bigint[], %(steps)s::uuid[], %(occurrences)s::integer[]
) AS told (user_id, contact_id, journey_id, journey, text, walk_id, step, occurrence)
JOIN auth_user AS colleague ON colleague.id = told.user_id AND colleague.is_active
ON CONFLICT (user_id, walk_id, step, occurrence) DO NOTHING
RETURNING user_id, journey_id, walk_id, step::text

-- name: call_for_mail
-- At once when the last mail is long ago, else when the pause is over: what comes until then goes with it.
INSERT INTO team_mailpace AS pace (user_id, journey_id, due_at, attempts)
SELECT DISTINCT user_id, journey_id, %(now)s::timestamptz, 0
FROM unnest(%(user_ids)s::bigint[], %(journey_ids)s::bigint[]) AS told (user_id, journey_id)
ORDER BY user_id, journey_id
ON CONFLICT (user_id, journey_id) DO UPDATE
SET due_at = coalesce(pace.due_at, greatest(%(now)s, pace.last_at + %(pause)s::interval))

-- name: claim
SELECT id, user_id, journey_id, attempts
FROM team_mailpace
WHERE due_at <= %(now)s
ORDER BY due_at
LIMIT 1
FOR UPDATE SKIP LOCKED

-- name: settle
UPDATE team_mailpace SET due_at = %(due_at)s, last_at = coalesce(%(last_at)s, last_at), attempts = %(attempts)s
WHERE id = %(id)s

-- name: next_due
SELECT min(due_at) FROM team_mailpace WHERE due_at > %(now)s

-- name: is_busy
SELECT EXISTS (SELECT FROM team_mailpace WHERE due_at <= %(now)s)

-- name: variables
SELECT contact.id, contact.family_name, contact.given_name, contact.language, identity.value
FROM contacts_contact AS contact
LEFT JOIN LATERAL (
    SELECT value FROM contacts_identity
    WHERE contact_id = contact.id AND kind = 'email'
    ORDER BY verified_at DESC NULLS LAST, id DESC
    LIMIT 1
) AS identity ON true
WHERE contact.id = ANY(%(contact_ids)s) AND contact.erased_at IS NULL

-- name: purge
DELETE FROM team_notice WHERE done_at < %(before)s
