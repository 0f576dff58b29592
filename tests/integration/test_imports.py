"""Files of orders and customers come in whole, once, as history; what is wrong is said, and nothing is half kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from jouren.contacts.actions import create_contact, erase_contact, grant_consent, suppress, withdraw_consent
from jouren.contacts.models import Consent, ConsentRecord, Contact, Identity, SuppressionReason, Tag
from jouren.contacts.queries import find_by_email
from jouren.imports import working
from jouren.imports.actions import (
    check,
    delete,
    forget_old_files,
    go_on,
    read_as,
    resume,
    start,
    stop,
    take_up_lost,
    upload,
)
from jouren.imports.errors import BadFile, BadMapping, NotNow
from jouren.imports.files import folder
from jouren.imports.models import Import
from jouren.imports.working import Worker, forget_scratch
from jouren.mechanisms.recomputing import differences
from jouren.orders.models import Order
from jouren.pyramid.models import PyramidChange, PyramidPosition, PyramidRule
from tests.importing import CUSTOMERS, ORDERS, STATEMENT, checked, imported, order, problems, sent_in, table
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "JOUREN", SimpleNamespace(**{**vars(settings.JOUREN), "home": tmp_path}))


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(working, "ORDERS_AT_ONCE", 3)


def events(type: str = "") -> list[tuple[str, str, object, str, bool]]:
    """What is in the log: type, order, when, source, whether it is history."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, coalesce(payload->>'order', ''), occurred_at, source, historical FROM events_event"
            " WHERE type LIKE %s ORDER BY 1, 2, 3",
            [f"{type}%"],
        )
        return cursor.fetchall()


def everything() -> dict[str, object]:
    """All that an import can change, without ids and the moment of recording."""
    return {
        "events": events(),
        "people": sorted(
            Contact.objects.values_list("family_name", "given_name", "identities__value").iterator(), key=str
        ),
        "consents": sorted(ConsentRecord.objects.values_list("contact__identities__value", "at", "via"), key=str),
        "tags": sorted(Tag.objects.values_list("contact__identities__value", "text")),
    }


def scratch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM imports_staged) + (SELECT count(*) FROM imports_seen)"
            " + (SELECT count(*) FROM imports_foreseen)"
        )
        (count,) = cursor.fetchone()
    return int(count)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_orders_come_in_as_history_with_their_people_and_lines_in_whatever_encoding(encoding: str) -> None:
    run = imported(table(ORDERS, order("A-1"), order("A-2", "2025-06-01", "taro", "cup", 1200), encoding=encoding))
    assert (run.state, run.orders, run.orders_known, run.people_made, run.bad_rows) == ("done", 2, 0, 2, 0)
    react_to_all()
    hana = find_by_email("hana@example.jp")
    assert hana is not None and (hana.family_name, hana.given_name) == ("山田", "花子")
    kept = Order.objects.get(number="A-1")
    assert (kept.contact, kept.amount, kept.source, kept.state) == (hana, 3980, "csv", "paid")
    assert [(line.code, line.name, line.amount) for line in kept.lines.all()] == [("tea", "お茶", 3980)]
    assert {historical for *_rest, historical in events("order.")} == {True}
    assert not Consent.objects.exists()
    assert scratch() == 0


def test_a_check_tells_what_would_come_and_changes_nothing() -> None:
    create_contact(email="hana@example.jp")
    before = everything()
    run = checked(sent_in(table(ORDERS, order("1"), order("2", who="taro"), order("3", "someday"))))
    assert (run.state, run.orders, run.people_made, run.people_known, run.bad_rows) == ("checked", 2, 1, 1, 1)
    assert [line for line, _reason in problems(run)] == [4]
    assert run.problems.get().column == "注文日時"
    assert [row["line"] for row in run.report["rows"]] == [2, 3]
    assert everything() == before


def test_a_run_does_what_the_check_said() -> None:
    create_contact(email="p3@example.jp")
    rows = [order(f"N{number}", who=f"p{number % 5}", amount=100 * number) for number in range(1, 40)]
    rows[4][1] = "never"
    rows[9][2] = "no address"
    rows[20][2] = ""
    rows[30][0] = rows[29][0]
    run = checked(sent_in(table(ORDERS, *rows)))
    foreseen = (run.orders, run.people_made, run.bad_rows, problems(run))
    start(run.pk)
    go_on(run.pk)
    run.refresh_from_db()
    assert (run.orders, run.people_made, run.bad_rows, problems(run)) == foreseen
    assert foreseen[:2] == (34, 4)


def test_rows_of_an_order_are_put_together_wherever_they_stand(small_pieces: None) -> None:
    lines = [order(f"{number:03}", code=code) for code in ("tea", "cup", "pot") for number in range(20)]
    run = imported(table(ORDERS, *lines))
    assert (run.orders, run.bad_rows) == (20, 0)
    react_to_all()
    assert {order.lines.count() for order in Order.objects.all()} == {3}


def test_an_order_of_which_a_row_is_broken_is_not_imported_in_part() -> None:
    rows = [order("1"), order("2"), order("1", code="cup")]
    rows[2][7] = "many"
    run = imported(table(ORDERS, *rows))
    assert (run.orders, run.bad_rows) == (1, 2)
    assert [line for line, _reason in problems(run)] == [2, 4]
    assert [number for _type, number, *_rest in events("order.paid")] == ["2"]


def test_a_lines_tax_rate_and_the_orders_tax_come_in_and_another_rate_is_said() -> None:
    header = (*ORDERS, "税率", "消費税")
    rows = [
        [*order("1"), "8%", "294"],
        [*order("2"), "軽減税率", ""],
        [*order("3"), "4", "190"],
        [*order("4"), "非課税", "0"],
    ]
    run = imported(table(header, *rows))
    assert (run.orders, [line for line, _reason in problems(run)]) == (3, [4])
    assert run.problems.get().column == "税率"
    assert "4" in run.problems.get().reason
    react_to_all()
    kept = {each.number: each for each in Order.objects.all()}
    assert (kept["1"].tax, kept["2"].tax) == ({"8": "294"}, {})
    assert {line.tax_rate for each in kept.values() for line in each.lines.all()} == {8, 0}


def test_rows_without_number_or_with_thousands_of_others_of_the_same_are_said(small_pieces: None) -> None:
    run = imported(table(ORDERS, order(""), *[order("1") for _n in range(20)], order("2")))
    assert (run.orders, run.bad_rows) == (1, 21)
    assert [line for line, _reason in problems(run)] == [2, 3]


@pytest.mark.parametrize("kind", ["orders", "customers"])
def test_the_same_file_twice_changes_nothing(kind: str) -> None:
    data = table(ORDERS, order("1"), order("2", who="taro"))
    if kind == "customers":
        data = table(
            CUSTOMERS, ["hana@example.jp", "山田", "花子", "1985-05-03", "VIP", "はい", "2020-01-01", "2019-01-01"]
        )
    imported(data, kind, STATEMENT)
    react_to_all()
    before = everything()
    again = imported(data, kind, STATEMENT)
    react_to_all()
    assert everything() == before
    assert (again.people_made, again.consents, again.orders - again.orders_known) == (0, 0, 0)


@pytest.mark.parametrize("pieces", [2, 4, 7])
@pytest.mark.parametrize("kind", ["orders", "customers"])
def test_killed_after_any_piece_it_goes_on_and_comes_to_the_same(small_pieces: None, kind: str, pieces: int) -> None:
    if kind == "orders":
        data = table(ORDERS, *[order(f"{n:02}", "x" if n == 5 else "2025-04-01", f"p{n % 7}") for n in range(25)])
    else:
        data = table(
            CUSTOMERS, *[[f"p{n}@example.jp", "", "", "x" if n == 5 else "", "", "", "", ""] for n in range(25)]
        )
    run = sent_in(data, kind)
    check(run.pk, run.mapping, source=run.source, statement=STATEMENT)
    work_and_be_killed(run, pieces)
    start(run.pk)
    work_and_be_killed(run, pieces)
    assert (run.state, run.read_rows, run.bad_rows, run.people_made) == ("done", 25, 1, 7 if kind == "orders" else 24)
    assert len(problems(run)) == 1
    assert len(events("order.paid")) == (24 if kind == "orders" else 0)


def work_and_be_killed(run: Import, pieces: int) -> None:
    """Its successor, and the killed one that was only slow: neither repeats what the other has done."""
    killed = Worker(run.pk)
    for _piece in range(pieces):
        killed.step()
    successor = Worker(run.pk)
    successor.step()
    while killed.step() or successor.step():
        pass
    killed.close()
    successor.close()
    run.refresh_from_db()


def test_what_was_read_for_the_check_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run = checked(sent_in(table(ORDERS, order("1"), order("2", "never"), order("1", code="cup"), order("", "x"))))
    found = (run.bad_rows, problems(run))
    monkeypatch.setattr(working, "read_rows", lambda *_of: pytest.fail("The file is read again."))
    start(run.pk)
    go_on(run.pk)
    run.refresh_from_db()
    assert (run.state, run.orders, run.read_rows, (run.bad_rows, problems(run))) == ("done", 1, 4, found)
    assert scratch() == 0


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_what_was_put_aside_and_got_lost_with_the_database_is_read_again(small_pieces: None, pieces: int) -> None:
    """The rows that are put aside are in no log of the database's: a crash takes them all."""
    run = checked(sent_in(table(ORDERS, *[order(f"{n:02}", "x" if n == 5 else "2025-04-01") for n in range(20)])))
    if not pieces:
        forget_scratch(run.pk)
    start(run.pk)
    worker = Worker(run.pk)
    for _piece in range(pieces):
        worker.step()
    worker.close()
    forget_scratch(run.pk)
    go_on(run.pk)
    run.refresh_from_db()
    assert (run.state, run.orders, run.bad_rows, len(problems(run))) == ("done", 19, 1, 1)
    assert len(events("order.paid")) == 19


def test_a_file_that_is_read_as_something_else_leaves_nothing_put_aside() -> None:
    run = checked(sent_in(table(ORDERS, order("1"))))
    assert scratch() > 0
    read_as(run.pk, preset="base")
    assert scratch() == 0


def test_a_stopped_import_goes_on_from_there(small_pieces: None) -> None:
    run = checked(sent_in(table(ORDERS, *[order(f"{number:02}") for number in range(20)])))
    start(run.pk)
    worker = Worker(run.pk)
    for _piece in range(5):
        worker.step()
    stop(run.pk)
    assert not worker.step()
    told = len(events("order.paid"))
    assert 0 < told < 20
    resume(run.pk)
    go_on(run.pk)
    run.refresh_from_db()
    assert (run.state, run.orders, len(events("order.paid"))) == ("done", 20, 20)


def test_an_import_that_lost_its_file_or_its_job_is_not_left_alone() -> None:
    run = checked(sent_in(table(CUSTOMERS, ["hana@example.jp"] + [""] * 7), "customers"), statement=STATEMENT)
    start(run.pk)
    (folder() / run.file).unlink()
    go_on(run.pk)
    run.refresh_from_db()
    assert (run.state, "not kept" in run.error or "ファイル" in run.error) == ("failed", True)
    with pytest.raises(BadFile):
        resume(run.pk)
    Import.objects.update(state="running")
    take_up_lost()


def test_stages_are_foreseen_by_the_pyramids_rules_and_then_come_true() -> None:
    from jouren.catalog.actions import map_code, save_product
    from jouren.catalog.models import Product

    for name, role in (("Tea", "main"), ("Sample", "trial")):
        product = save_product(Product(name=name, role=role, price=1))
        map_code(product.pk, name.lower())
    imported(table(ORDERS, order("0", "2024-01-01", "ken", "tea"), order("00", "2024-02-01", "ken", "tea")))
    react_to_all()
    rows = [order("0", "2024-01-01", "ken", "tea"), order("1", who="ken", code="tea")]
    rows += [order(f"h{n}", f"2025-0{n}-01", "hana", "tea") for n in (1, 2, 3)]
    rows += [order("t", who="taro", code="sample"), order("u", who="un", code="what")]
    run = checked(sent_in(table(ORDERS, *rows)))
    foreseen = {(each["stage"], each["people"]) for each in run.report["stages"]}
    # 花子 and, with what is known of him, 健 have bought three times; taro tried; of the last one nothing is known.
    assert foreseen == {(5, 2), (3, 1), (1, 1)}
    seen = {(each.who or each.contact_id, each.now, each.stage) for each in run.foreseen.all()}
    ken = find_by_email("ken@example.jp")
    assert ken is not None
    assert seen == {(ken.pk, 4, 5), *((f"{who}@example.jp", 1, n) for who, n in (("hana", 5), ("taro", 3), ("un", 1)))}
    start(run.pk)
    go_on(run.pk)
    react_to_all()
    assert not run.foreseen.exists()
    stages = dict(PyramidPosition.objects.values_list("contact__identities__value", "stage"))
    assert stages == {"ken@example.jp": 5, "hana@example.jp": 5, "taro@example.jp": 3}


def customer(who: str, consent: str = "", day: str = "") -> list[str]:
    return [f"{who}@example.jp", "鈴木", "一郎", "1985/5/3", "VIP、東京", consent, day, "2019-04-01"]


def test_customers_come_with_all_that_is_told_of_them() -> None:
    run = imported(table(CUSTOMERS, customer("ichiro")), "customers", STATEMENT)
    ichiro = find_by_email("ichiro@example.jp")
    assert ichiro is not None
    assert (ichiro.family_name, ichiro.attributes, f"{ichiro.created_at:%Y-%m}") == (
        "鈴木",
        {"birthday": "1985-05-03"},
        "2019-03",
    )
    assert set(ichiro.tags.values_list("text", flat=True)) == {"VIP", "東京"}
    assert (run.people_made, run.consents) == (1, 0)
    assert all(historical for *_rest, historical in events())


def test_consent_is_kept_only_with_a_statement_and_then_with_proof() -> None:
    run = sent_in(table(CUSTOMERS, customer("yes", "はい", "2020-05-01"), customer("no", "いいえ")), "customers")
    with pytest.raises(BadMapping):
        check(run.pk, run.mapping, source="csv")
    without = {name: place for name, place in run.mapping.items() if name != "consent"}
    all_columns = run.mapping
    assert checked(run, without).consents == 0
    assert checked(run, all_columns, STATEMENT).consents == 1
    start(run.pk)
    go_on(run.pk)
    record = ConsentRecord.objects.get()
    assert record.contact == find_by_email("yes@example.jp")
    assert (record.via, f"{record.at:%Y-%m-%d}", record.text and record.text.text) == (
        "import",
        "2020-04-30",
        STATEMENT,
    )


def test_who_agreed_on_an_imported_list_is_a_prospect_as_the_check_foresees() -> None:
    stopped = create_contact(email="stopped@example.jp")
    suppress(stopped.pk, SuppressionReason.UNSUBSCRIBED)
    header = (*CUSTOMERS, "同意元")
    told = [
        ("yes", "はい", "お店の\n窓口\\x"),
        ("no", "いいえ", ""),
        ("stopped", "はい", ""),
        ("bare", "はい", ""),
    ]
    rows = [[*customer(who, agreed, "2020-05-01"), where] for who, agreed, where in told]
    run = checked(sent_in(table(header, *rows), "customers"), statement=STATEMENT)
    assert {(each["stage"], bool(each["rule"]), each["people"]) for each in run.report["stages"]} == {
        (2, True, 2),
        (1, False, 2),
    }
    seen = {each.who or each.contact_id: each for each in run.foreseen.all()}
    assert {
        who: (each.stage, each.agreed_at and f"{each.agreed_at:%Y-%m-%d}", each.agreed_where)
        for who, each in seen.items()
    } == {
        "yes@example.jp": (2, "2020-04-30", "お店の 窓口\\x"),
        "bare@example.jp": (2, "2020-04-30", ""),
        "no@example.jp": (1, None, ""),
        stopped.pk: (1, None, ""),
    }
    start(run.pk)
    go_on(run.pk)
    react_to_all()
    changes = PyramidChange.objects.values_list("contact__identities__value", "to_stage", "reason", "at__date")
    assert set(changes) == {(f"{who}@example.jp", 2, "imported", date(2020, 5, 1)) for who in ("yes", "bare")}
    assert list(differences()) == []
    assert all(historical for *_rest, historical in events("stage."))


def test_a_shop_that_has_a_rule_about_consent_keeps_to_it() -> None:
    move = import_module("jouren.pyramid.migrations.0005_imported_consent").add_rule
    before = set(PyramidRule.objects.values_list("pk", flat=True))
    move(apps, None)
    assert set(PyramidRule.objects.values_list("pk", flat=True)) == before
    own = PyramidRule.objects.filter(event_type="consent.granted")
    assert [(rule.match, rule.stage, rule.reason) for rule in own] == [({"via": "import"}, 2, "imported")]


def test_nothing_that_a_person_said_is_overwritten() -> None:
    people = {
        who: create_contact(email=f"{who}@example.jp", family_name="佐藤") for who in ("gone", "stopped", "agreed")
    }
    grant_consent(people["gone"].pk, "email", "news", via="form")
    withdraw_consent(people["gone"].pk, "email", "news", via="preferences")
    suppress(people["stopped"].pk, SuppressionReason.UNSUBSCRIBED)
    grant_consent(people["agreed"].pk, "email", "news", via="form")
    records = ConsentRecord.objects.count()
    run = imported(table(CUSTOMERS, *[customer(who, "はい", "2024-01-01") for who in people]), "customers", STATEMENT)
    assert (run.people_made, run.consents, ConsentRecord.objects.count()) == (0, 0, records)
    assert dict(Consent.objects.values_list("contact_id", "is_granted")) == {
        people["gone"].pk: False,
        people["agreed"].pk: True,
    }
    assert set(Contact.objects.values_list("family_name", flat=True)) == {"佐藤"}


def test_erased_people_stay_erased() -> None:
    erase_contact(create_contact(email="hana@example.jp").pk)
    for kind, data in (
        ("orders", table(ORDERS, order("1"))),
        ("customers", table(CUSTOMERS, customer("hana", "はい"))),
    ):
        run = checked(sent_in(data, kind), statement=STATEMENT)
        assert (run.people_made, run.people_known, run.people_erased, run.consents) == (0, 0, 1, 0)
        start(run.pk)
        go_on(run.pk)
        run.refresh_from_db()
        assert (run.people_made, run.people_known, run.people_erased, run.consents) == (0, 0, 1, 0)
    assert not Identity.objects.exists()


def test_an_import_is_started_once_and_only_when_checked() -> None:
    run = sent_in(table(ORDERS, order("1")))
    with pytest.raises(NotNow):
        start(run.pk)
    checked(run)
    start(run.pk)
    for again in (
        start,
        resume,
        lambda pk: read_as(pk, encoding="cp932"),
        lambda pk: check(pk, run.mapping, source="x"),
        delete,
    ):
        with pytest.raises(NotNow):
            again(run.pk)


def test_a_file_can_be_read_as_something_else() -> None:
    run = sent_in(
        table(("注文番号", "注文日", "メール", "合計"), ["表1", "2025-04-01", "a@example.jp", "1"], encoding="cp932")
    )
    assert run.encoding == "cp932"
    with pytest.raises(BadFile):
        read_as(run.pk, encoding="utf-8")
    assert read_as(run.pk, encoding="cp932", preset="myasp").preset == "myasp"
    for wrong in ({"encoding": "rot13"}, {"preset": "shopify_customers"}, {"delimiter": "x"}):
        with pytest.raises(BadMapping):
            read_as(run.pk, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"", b"a," * 1_000_000, b"\n\n"])
def test_what_is_no_table_leaves_nothing(data: bytes) -> None:
    with pytest.raises(BadFile):
        sent_in(data)
    assert (Import.objects.count(), list(folder().iterdir())) == (0, [])


def test_an_upload_that_breaks_off_leaves_nothing() -> None:
    def broken() -> Iterator[bytes]:
        yield b"a,b\n"
        raise OSError

    with pytest.raises(OSError):
        upload("orders", "x.csv", broken())
    assert list(folder().iterdir()) == []


def test_a_file_with_a_header_alone_comes_to_nothing() -> None:
    assert (imported(table(ORDERS)).state, events()) == ("done", [])


def test_files_lie_where_only_we_can_read_them_and_are_forgotten_after_a_week() -> None:
    run = imported(table(ORDERS, order("1")))
    (kept,) = folder().iterdir()
    assert (kept.stat().st_mode & 0o777, folder().stat().st_mode & 0o777) == (0o600, 0o700)
    assert forget_old_files() == 0
    Import.objects.update(ended_at="2020-01-01T00:00:00Z")
    assert forget_old_files() == 1
    run.refresh_from_db()
    assert (run.file, run.report.keys(), list(folder().iterdir())) == ("", {"stages"}, [])


def test_only_so_many_problems_are_kept_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "MOST_PROBLEMS", 3)
    run = checked(sent_in(table(ORDERS, *[order(str(number), "x") for number in range(10)])))
    assert (run.bad_rows, run.problems.count()) == (10, 3)
