-- name: forget_dry_runs
DELETE FROM journeys_dryrunperson WHERE contact_id = ANY(%(contact_ids)s)

-- name: keep_stories
INSERT INTO journeys_dryrunperson (run_id, contact_id, sent, marks, story)
SELECT %(run_id)s, contact_id, sent, string_to_array(marks, E'\t'), story::jsonb
FROM unnest(%(contact_ids)s::bigint[], %(sent)s::integer[], %(marks)s::text[], %(stories)s::text[])
    AS row (contact_id, sent, marks, story)
WHERE EXISTS (SELECT FROM contacts_contact AS contact WHERE contact.id = contact_id AND contact.erased_at IS NULL)
ON CONFLICT (run_id, contact_id) DO NOTHING
