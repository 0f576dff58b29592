-- name: group_may_enter
-- How many people are in a segment, and how many of them may enter a journey by hand: the rule of "enrol" in
-- engine.sql, without the lot of those who are not drawn yet. Of these, how many no mail reaches as things stand, since
-- they agreed to none or are suppressed, and of the others how many are left in peace.
SELECT count(*), count(*) FILTER (WHERE may_enter), count(*) FILTER (WHERE may_enter AND NOT is_reached),
       count(*) FILTER (WHERE may_enter AND is_reached AND in_peace)
FROM (
    SELECT CASE
        WHEN %(has_holdout)s AND past.walked IS NOT TRUE AND past.held_out IS TRUE THEN false
        WHEN %(reentry)s::text = 'once' THEN past.walked IS NOT TRUE
        WHEN %(reentry)s::text = 'again' THEN past.active IS NOT TRUE
        WHEN %(reentry)s::text = 'after' THEN past.active IS NOT TRUE
            AND (past.last IS NULL OR past.last <= %(now)s::timestamptz - %(days)s::integer * interval '24 hours')
        ELSE past.same IS NOT TRUE
    END AS may_enter,
    EXISTS (
        SELECT FROM contacts_consent AS consent
        WHERE consent.contact_id = standing.contact_id AND consent.channel = 'email' AND consent.is_granted
    ) AND NOT EXISTS (
        SELECT FROM contacts_suppression AS stop
        WHERE stop.contact_id = standing.contact_id AND stop.lifted_at IS NULL AND stop.channel IN ('', 'email')
          AND stop.reason <> ALL(%(in_peace)s)
    ) AS is_reached,
    EXISTS (
        SELECT FROM contacts_suppression AS stop
        WHERE stop.contact_id = standing.contact_id AND stop.lifted_at IS NULL AND stop.reason = ANY(%(in_peace)s)
    ) AS in_peace
    FROM contacts_segment_standing AS standing
    JOIN contacts_contact AS contact ON contact.id = standing.contact_id
    LEFT JOIN (
        SELECT contact_id, bool_or(state = 1) AS active, bool_or(state = 5) AS held_out, bool_or(state <> 5) AS walked,
               bool_or(state <> 5 AND key = '') AS same, max(entered_at) FILTER (WHERE state <> 5) AS last
        FROM journeys_enrolment
        WHERE journey_id = %(journey_id)s
        GROUP BY contact_id
    ) AS past ON past.contact_id = standing.contact_id
    WHERE standing.segment_id = %(segment_id)s AND standing.is_member
      AND contact.erased_at IS NULL AND contact.merged_at IS NULL
) AS member
