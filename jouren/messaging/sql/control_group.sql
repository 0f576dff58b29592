-- name: control_group
-- Everybody who ever agreed to be written to, by side: all, those whose time is over, those of the last four weeks; of
-- those whose time is over the buyers, their yen, and the squares of what each spent. Whoever has unsubscribed since
-- stays: only those who get messages do that, and leaving them out would flatter the messages.
WITH reachable AS (
    SELECT coalesce(alias.to_id, record.contact_id) AS contact_id,
           greatest(min(record.at), %(since)s::timestamptz) AS entered_at
    FROM contacts_consent_record AS record
    LEFT JOIN contacts_alias AS alias ON alias.from_id = record.contact_id
    WHERE record.is_granted
    GROUP BY 1
), bought AS (
    SELECT reachable.contact_id, coalesce(sum(paid.amount - paid.refunded) FILTER (WHERE paid.currency = 'JPY'), 0) AS yen
    FROM reachable
    JOIN orders_order AS paid
      ON paid.contact_id = reachable.contact_id AND paid.is_counted AND paid.paid_at > reachable.entered_at
     AND paid.paid_at <= reachable.entered_at + %(window)s::interval
    WHERE reachable.entered_at + %(window)s::interval <= %(now)s AND paid.paid_at > %(since)s
      AND NOT EXISTS (
          SELECT FROM events_event AS event
          WHERE event.id = paid.event_id AND event.occurred_at = paid.paid_at AND event.historical
            AND event.contact_id IN (
                SELECT paid.contact_id UNION ALL SELECT from_id FROM contacts_alias WHERE to_id = paid.contact_id
            )
      )
    GROUP BY reachable.contact_id
)
SELECT core_is_drawn('control group', reachable.contact_id, %(share)s::integer), count(*),
       count(*) FILTER (WHERE reachable.entered_at + %(window)s::interval <= %(now)s),
       count(*) FILTER (WHERE reachable.entered_at > %(now)s::timestamptz - interval '28 days' AND reachable.entered_at > %(since)s),
       count(bought.contact_id), coalesce(sum(bought.yen), 0)::bigint, coalesce(sum(bought.yen ^ 2), 0)::bigint
FROM reachable
LEFT JOIN bought ON bought.contact_id = reachable.contact_id
GROUP BY 1
