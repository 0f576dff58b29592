"""Staff send in a file, choose its columns, look at what would happen, and import it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from wagtail.models import ModelLogEntry

from jouren.contacts.actions import create_contact, erase_contact, grant_consent, leave_in_peace, withdraw_consent
from jouren.imports.actions import check, go_on, start
from jouren.imports.foreseeing import _copy, _Seen
from jouren.imports.models import Import
from tests.backoffice import owner_client, staff_client
from tests.importing import CUSTOMERS, ORDERS, STATEMENT, checked, order, sent_in, table

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "JOUREN", SimpleNamespace(**{**vars(settings.JOUREN), "home": tmp_path}))


def send_in(browser: Client, data: bytes, kind: str = "orders") -> Import:
    answer = browser.post("/admin/imports/add/", {"kind": kind, "file": SimpleUploadedFile("注文.csv", data)})
    run = Import.objects.latest("pk")
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/imports/{run.pk}/columns/")
    return run


def columns(run: Import, **changed: str) -> dict[str, str]:
    """The form of the columns as it stands."""
    return {f"column_{name}": str(place) for name, place in run.mapping.items()} | {"source": run.source} | changed


def test_from_the_file_to_its_end() -> None:
    browser = owner_client()
    run = send_in(browser, table(ORDERS, order("1"), order("2", "someday", "taro"), encoding="cp932"))
    page = browser.get(f"/admin/imports/{run.pk}/columns/").content.decode()
    assert "注文日時  (2025-04-01)" in page
    answer = browser.post(f"/admin/imports/{run.pk}/columns/", columns(run))
    assert answer["Location"] == f"/admin/imports/{run.pk}/"
    working = browser.get(f"/admin/imports/{run.pk}/")
    assert (working["Refresh"], b"<progress" in working.content) == ("2", True)
    go_on(run.pk)
    page = browser.get(f"/admin/imports/{run.pk}/").content.decode()
    for text in (
        "Nothing is imported yet",
        "hana@example.jp",
        "No rule is met",
        "“someday” is no date",
        "Import it now",
    ):
        assert text in page
    browser.post(f"/admin/imports/{run.pk}/start/")
    go_on(run.pk)
    done = browser.get(f"/admin/imports/{run.pk}/")
    assert "Refresh" not in done.headers
    assert "Finished" in done.content.decode()
    assert "注文.csv" in browser.get("/admin/imports/").content.decode()


def test_it_is_stopped_and_goes_on_and_is_deleted_with_its_file() -> None:
    browser = owner_client()
    run = checked(sent_in(table(ORDERS, order("1"))))
    for act, state in (("start", "running"), ("stop", "stopped"), ("resume", "running"), ("stop", "stopped")):
        browser.post(f"/admin/imports/{run.pk}/{act}/")
        run.refresh_from_db()
        assert run.state == state
    assert browser.post(f"/admin/imports/{run.pk}/delete/")["Location"] == "/admin/imports/"
    assert not Import.objects.exists()


@pytest.mark.parametrize(("data", "part"), [(b"", "empty"), (b"a," * 600, "601 columns")])
def test_what_is_no_table_is_said_at_the_file(data: bytes, part: str) -> None:
    upload = {"kind": "orders", "file": SimpleUploadedFile("x.csv", data)}
    answer = owner_client().post("/admin/imports/add/", upload)
    assert answer.status_code == 400
    assert part in answer.content.decode()
    assert not Import.objects.exists()


def test_columns_that_do_not_do_are_refused_with_what_is_lacking() -> None:
    browser = owner_client()
    run = send_in(browser, table(ORDERS, order("1")))
    answer = browser.post(f"/admin/imports/{run.pk}/columns/", columns(run, column_number=""))
    assert answer.status_code == 400
    assert "order number" in answer.content.decode()
    assert browser.post(f"/admin/imports/{run.pk}/columns/", columns(run, column_number="99")).status_code == 400


def test_it_is_read_in_another_way_by_choice() -> None:
    browser = owner_client()
    run = send_in(browser, table(ORDERS, order("1")))
    browser.post(f"/admin/imports/{run.pk}/read/", {"preset": "own", "encoding": "utf-8", "delimiter": ";"})
    run.refresh_from_db()
    assert (run.delimiter, len(run.header)) == (";", 1)


def test_consent_needs_a_statement_that_is_shown_before() -> None:
    browser = owner_client()
    row = ["hana@example.jp", "", "", "", "", "はい", "2020-01-01", ""]
    run = send_in(browser, table(CUSTOMERS, row), "customers")
    refused = browser.post(f"/admin/imports/{run.pk}/columns/", columns(run))
    assert "how, where and when" in refused.content.decode()
    browser.post(f"/admin/imports/{run.pk}/columns/", columns(run, statement=STATEMENT))
    go_on(run.pk)
    page = browser.get(f"/admin/imports/{run.pk}/").content.decode()
    assert STATEMENT in page
    assert "<strong>1</strong> people who get consent to mail" in page


def test_the_examples_of_a_check_say_on_what_consent_each_comes() -> None:
    agreed, left = create_contact(email="agreed@example.jp"), create_contact(email="left@example.jp")
    grant_consent(agreed.pk, "email", "news", via="form")
    grant_consent(left.pk, "email", "news", via="form")
    withdraw_consent(left.pk, "email", "news", via="preferences")
    other, peace = create_contact(email="other@example.jp"), create_contact(email="peace@example.jp")
    grant_consent(other.pk, "email", "letters", via="form")
    leave_in_peace(peace.pk, "lapsed", source="rule")
    told = [("new", "はい", "<b>店頭"), ("agreed", "はい", ""), ("left", "はい", ""), ("no", "いいえ", "")]
    told += [("other", "", ""), ("peace", "はい", "")]
    rows = [[f"{who}@example.jp", "", "", "", "", yes, "2020-05-01", "", where] for who, yes, where in told]
    run = checked(sent_in(table((*CUSTOMERS, "同意元"), *rows), "customers"), statement=STATEMENT)
    page = owner_client().get(f"/admin/imports/{run.pk}/")
    said = {each.who or each.public_id: each.consent for each in page.context["sample"]}
    assert sorted(said.values()) == [
        "Agreed here already",
        "Agreed here already",
        "Agreed on 1 May 2020: <b>店頭",
        "Has withdrawn it here",
        "Left in peace: Lapsed, and invited often enough",
        "None: gets no marketing mail",
    ]
    text = page.content.decode()
    assert "&lt;b&gt;店頭" in text and "取り込んだ名簿での同意" in text


def test_a_check_shows_everybody_with_stage_reason_and_consent_page_by_page_and_as_a_file() -> None:
    known = create_contact(email="known@example.jp", family_name="=1+1", given_name="花子")
    rows = [[f"{n:03}@example.jp", "", "", "", "", "はい" if n % 2 else "", "2020-05-01", ""] for n in range(120)]
    rows.append(["known@example.jp", "", "", "", "", "はい", "2020-05-02", ""])
    run = checked(sent_in(table(CUSTOMERS, *rows), "customers"), statement=STATEMENT)
    browser = owner_client()
    shown = browser.get(f"/admin/imports/{run.pk}/")
    assert len(shown.context["sample"]) == 20
    everybody, pages, query = [], 0, ""
    while True:
        page = browser.get(f"/admin/imports/{run.pk}/people/{query}")
        everybody += [(each.who, each.stage, each.why, each.consent) for each in page.context["people"]]
        pages += 1
        if page.context["next"] is None:
            break
        query = f"?after={page.context['next']}"
    assert (pages, len(everybody), len(set(everybody))) == (3, 121, 121)
    rule = "By the rule “取り込んだ名簿での同意”, on 1 May 2020"
    assert ("001@example.jp", "Prospect", rule, "Agreed on 1 May 2020") in everybody
    assert ("002@example.jp", "Aware", "No rule is met", "None: gets no marketing mail") in everybody
    group = next(each for each in shown.context["stages"] if each.people == 61)
    answer = browser.get(f"/admin/imports/{run.pk}/people.csv?{group.query}")
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert len(lines) == 62
    by_mail = {line[1] or line[0]: line for line in lines}
    assert by_mail["known@example.jp"][:4] == ["'=1+1 花子", "known@example.jp", "Aware", "Prospect"]
    assert ModelLogEntry.objects.filter(action="imports.export_foreseen").count() == 1
    assert browser.get(f"/admin/imports/{run.pk}/people/?stage=5&rule=").status_code == 404
    erase_contact(known.pk)
    # While it is checked again, too: what the check has seen of them so far goes.
    check(run.pk, run.mapping, source="csv", statement=STATEMENT)
    _copy(run.pk, [_Seen("002@example.jp", None, run.created_at)])
    erase_contact(create_contact(email="002@example.jp").pk)
    go_on(run.pk)
    run.refresh_from_db()
    assert not run.foreseen.filter(who="002@example.jp").exists()
    erase_contact(create_contact(email="001@example.jp").pk)
    assert run.foreseen.count() == 118
    start(run.pk)
    assert browser.get(f"/admin/imports/{run.pk}/people/").context["people"] == []


def test_bad_rows_are_downloaded_and_none_of_their_cells_is_a_formula() -> None:
    rows = [order("=cmd|' /C calc'!A0", "someday"), order("2"), order("@SUM(1)", "never")]
    run = checked(sent_in(table(ORDERS, *rows)))
    answer = owner_client().get(f"/admin/imports/{run.pk}/problems.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    told = list(csv.reader(io.StringIO(text)))
    assert [(row[0], row[1], row[3]) for row in told[1:]] == [
        ("2", "注文日時", "'=cmd|' /C calc'!A0"),
        ("4", "注文日時", "'@SUM(1)"),
    ]


def test_whoever_may_not_see_people_sees_no_address() -> None:
    run = checked(sent_in(table(ORDERS, order("1"), order("2", "x"))))
    viewer = staff_client("imports.view_import")
    page = viewer.get(f"/admin/imports/{run.pk}/").content.decode()
    assert "hana@example.jp" not in page and "Import it now" not in page
    assert viewer.get(f"/admin/imports/{run.pk}/problems.csv").status_code == 302
