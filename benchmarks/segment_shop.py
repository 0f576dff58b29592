"""A shop to ask: so many people with a past of so many events, made by SQL, the same every time."""

from __future__ import annotations

from datetime import timedelta

TABLES = (
    "contacts_contact, contacts_identity, contacts_consent, contacts_suppression, contacts_problem, contacts_tag, "
    "contacts_alias, pyramid_position, orders_order, orders_purchases, events_event, events_inbox, events_event_key"
)
MONTHS = 12

_PEOPLE = """
INSERT INTO contacts_contact (id, family_name, language, attributes, source, created_at, confirmed_at)
SELECT n, '山田', CASE WHEN random() < 0.95 THEN 'ja' ELSE 'en' END,
       jsonb_build_object('birthday', (date '1950-01-01' + (random() * 20000)::int)::text,
                          'points', (random() * 1000)::int),
       jsonb_build_object('utm_source', (ARRAY['x', 'instagram', 'blog', 'search'])[1 + (random() * 3)::int]),
       %(now)s::timestamptz - random() * interval '700 days',
       CASE WHEN random() < 0.85 THEN %(now)s::timestamptz - random() * interval '300 days' END
FROM generate_series(1, %(contacts)s) AS n;
SELECT setval(pg_get_serial_sequence('contacts_contact', 'id'), %(contacts)s);
INSERT INTO contacts_identity (contact_id, kind, value)
SELECT id, 'email', 'p' || id || '@example.jp' FROM contacts_contact;
INSERT INTO contacts_consent (contact_id, channel, topic, is_granted, since)
SELECT id, 'email', 'news', random() < 0.9, created_at FROM contacts_contact WHERE random() < 0.8;
INSERT INTO contacts_suppression (contact_id, channel, reason, at, lifted_at)
SELECT id, CASE WHEN random() < 0.5 THEN '' ELSE 'email' END, 'unsubscribed', created_at,
       CASE WHEN random() < 0.2 THEN %(now)s::timestamptz END
FROM contacts_contact WHERE random() < 0.08;
INSERT INTO contacts_problem (contact_id, text, noted_at, solved_at)
SELECT id, '悩み' || (n * 10 + (random() * 9)::int), created_at, CASE WHEN random() < 0.3 THEN %(now)s::timestamptz END
FROM contacts_contact, generate_series(1, 2) AS n WHERE random() < 0.3;
INSERT INTO contacts_tag (contact_id, text, at)
SELECT id, 'tag' || n, created_at FROM contacts_contact, generate_series(1, 20) AS n WHERE random() < 0.01 * n / 2;
INSERT INTO pyramid_position (contact_id, stage, since)
SELECT id, 2 + floor(power(random(), 2) * 4)::int, created_at + random() * (%(now)s::timestamptz - created_at)
FROM contacts_contact WHERE random() < 0.6;
INSERT INTO contacts_alias (from_id, to_id)
SELECT %(contacts)s * 10::bigint + id, id FROM contacts_contact WHERE random() < 0.01;
"""

# Some are busy, most are not: the square of a random number leans to the front.
_EVENTS = """
INSERT INTO events_event (contact_id, type, version, occurred_at, recorded_at, source, payload, historical)
SELECT coalesce(merged.from_id, who), type, 1, at, at, 'bench',
       CASE type
           WHEN 'page.visited' THEN jsonb_build_object('page', '/' || (random() * 50)::int || '/')
           WHEN 'order.paid' THEN jsonb_build_object(
               'order', n::text, 'kind', CASE WHEN random() < 0.4 THEN 'trial' ELSE 'regular' END,
               'amount', (random() * 10000)::int, 'currency', 'JPY', 'products', jsonb_build_array('tea'))
           ELSE jsonb_build_object('delivery', n, 'message', (random() * 40)::int, 'title', 'お知らせ',
                                   'by', CASE WHEN random() < 0.6 THEN 'human' ELSE 'scanner' END)
       END, false
FROM (
    SELECT n, 1 + floor(power(random(), 2) * %(contacts)s)::bigint AS who,
           CASE WHEN lot < 0.5 THEN 'page.visited' WHEN lot < 0.75 THEN 'message.sent'
                WHEN lot < 0.9 THEN 'message.opened' WHEN lot < 0.95 THEN 'message.clicked'
                ELSE 'order.paid' END AS type,
           %(now)s::timestamptz - random() * interval '350 days' AS at
    FROM (SELECT n, random() AS lot FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n) AS lots
) AS drawn
LEFT JOIN contacts_alias AS merged ON merged.to_id = drawn.who AND drawn.n %% 2 = 0;
"""

_ORDERS = """
INSERT INTO orders_order (contact_id, source, number, kind, amount, currency, products, paid_at, event_id)
SELECT coalesce(alias.to_id, event.contact_id), 'bench', event.payload ->> 'order', event.payload ->> 'kind',
       (event.payload ->> 'amount')::bigint, 'JPY', ARRAY['tea'], event.occurred_at, event.id
FROM events_event AS event LEFT JOIN contacts_alias AS alias ON alias.from_id = event.contact_id
WHERE event.type = 'order.paid';
INSERT INTO orders_purchases (contact_id, orders, trials, regulars, first_at, last_at)
SELECT contact_id, count(*), count(*) FILTER (WHERE kind = 'trial'), count(*) FILTER (WHERE kind = 'regular'),
       min(paid_at), max(paid_at)
FROM orders_order GROUP BY contact_id;
"""
_PART = 2_000_000


def make_shop(contacts: int, events: int) -> None:
    """Fill the database, unless it holds just that shop."""
    from django.db import connection

    from jouren.contacts.actions import define_attribute
    from jouren.core import clock
    from jouren.events.partitions import ensure_partitions

    define_attribute("birthday", "date", "誕生日")
    define_attribute("points", "number", "ポイント")
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM contacts_contact), (SELECT count(*) FROM events_event)")
        if cursor.fetchone() == (contacts, events):
            return
        now = clock.now()
        for months in range(MONTHS + 1):
            ensure_partitions(now - timedelta(days=months * 30.5))
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(_PEOPLE, {"now": now, "contacts": contacts})
        for first in range(1, events + 1, _PART):
            last = min(events, first + _PART - 1)
            cursor.execute(_EVENTS, {"now": now, "contacts": contacts, "first": first, "last": last})
        cursor.execute(_ORDERS)
        cursor.execute("VACUUM ANALYZE")
