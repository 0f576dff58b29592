"""Messages out of files that a shop, or somebody who wishes it ill, hands over."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.journeys.series.errors import UnreadableFile
from jouren.journeys.series.intake import drafts, files
from jouren.journeys.series.intake.drafts import Defaults, Read
from jouren.journeys.series.intake.files import File, read_files
from jouren.journeys.series.intake.markdown import MAX_TEXT, read_markdown

ROOM = 1_000


@pytest.fixture(autouse=True)
def own_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "topics", lambda: [("newsletter", "メルマガ"), ("news", "News")])


def text_of(source: str) -> str:
    written = read_markdown(source)
    assert (written.problems, [block["type"] for block in written.blocks]) == ([], ["text"])
    return str(written.blocks[0]["value"])


def problems_of(source: str) -> list[tuple[int, str]]:
    return read_markdown(source).problems


def read(*given: File, room: int = ROOM, **defaults: Any) -> Read:
    return read_files(given, Defaults(**{"topic": "newsletter", **defaults}), room)


def csv_file(*rows: str, encoding: str = "utf-8", end: str = "\n") -> File:
    return File("letters.csv", end.join(rows).encode(encoding))


def page(source: str, name: str = "1.md") -> File:
    return File(name, source.encode())


def zip_file(members: Mapping[str, bytes | str], **options: Any) -> File:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return File("letters.zip", packed.getvalue())


def told(result: Read) -> list[tuple[str, int, str]]:
    return [(remark.file, remark.line, remark.text) for remark in result.problems]


def subjects(result: Read) -> list[str]:
    return [draft.subject for draft in result.drafts]


# --- Markdown to blocks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("a\n\nb", "<p>a</p><p>b</p>"),
        ("一行目\n二行目", "<p>一行目<br/>二行目</p>"),
        ("**b** and *i*", "<p><b>b</b> and <i>i</i></p>"),
        ("# One\n## Two\n### Three", "<h2>One</h2><h2>Two</h2><h3>Three</h3>"),
        ("- a\n- b\n\n1. c", "<ul><li>a</li><li>b</li></ul><ol><li>c</li></ol>"),
        ("a\n\n---\n\nb", "<p>a</p><hr/><p>b</p>"),
        ("see [this](https://example.jp/?a=1&b=2)", '<p>see <a href="https://example.jp/?a=1&amp;b=2">this</a></p>'),
        ("見て https://example.jp/茶。次", '<p>見て <a href="https://example.jp/茶">https://example.jp/茶</a>。次</p>'),
        ("https://example.jp/a_b_c.", '<p><a href="https://example.jp/a_b_c">https://example.jp/a_b_c</a>.</p>'),
        ("{{ contact.name }}、こんにちは", "<p>{{ contact.name }}、こんにちは</p>"),
        ("1 < 2 & <ご注意>", "<p>1 &lt; 2 &amp; &lt;ご注意&gt;</p>"),
        ("`<b>`", "<p>&lt;b&gt;</p>"),
        ("```\nif a < b:\n    c\n```", "<p>if a &lt; b:<br/>    c</p>"),
        ("[choose]({{preference_url}}) or not", '<p><a href="{{preference_url}}">choose</a> or not</p>'),
    ],
)
def test_what_text_becomes(source: str, html: str) -> None:
    assert text_of(source) == html


def test_a_link_alone_is_a_button_and_a_quote_a_quote() -> None:
    written = read_markdown("Hello\n\n[Buy **tea**](https://example.jp/tea)\n\n> よく\n> 眠れました\n> — 花子\n\nBye")
    assert written.blocks == [
        {"type": "text", "value": "<p>Hello</p>"},
        {"type": "button", "value": {"text": "Buy tea", "url": "https://example.jp/tea"}},
        {"type": "quote", "value": {"text": "よく\n眠れました", "source": "花子"}},
        {"type": "text", "value": "<p>Bye</p>"},
    ]


@pytest.mark.parametrize(
    "source", ["<https://example.jp/>", "https://example.jp/", f"[{'x' * 61}](https://example.jp/)"]
)
def test_an_address_alone_and_long_words_stay_a_link(source: str) -> None:
    assert text_of(source).count("<a href=") == 1


def test_a_picture_elsewhere_stays_as_a_link_and_that_is_said() -> None:
    written = read_markdown("a\n\n![tea](https://example.jp/tea.png)")
    assert written.blocks == [{"type": "text", "value": '<p>a</p><p><a href="https://example.jp/tea.png">tea</a></p>'}]
    assert [(line, "a link to it stays" in note) for line, note in written.notes] == [(3, True)]


@pytest.mark.parametrize(
    ("source", "line", "part"),
    [
        ("a\n\n<script>alert(1)</script>", 3, "HTML is not taken over"),
        ("a <img src=x onerror=alert(1)> b", 1, "HTML is not taken over"),
        ("> <b>a</b>", 1, "HTML is not taken over"),
        ("- a\n- <i>b</i>", 2, "HTML is not taken over"),
        ("a [b](javascript:alert(1)) c", 1, "A link must begin with"),
        ("[b](javascript:alert(1))", 1, "A link must begin with"),
        ("![x](data:text/html;base64,PHNjcmlwdD4=)", 1, "A link must begin with"),
        ("a\n\n[x](vbscript:x)", 3, "A link must begin with"),
        (f"see [x](https://example.jp/{'a' * 2_000})", 1, "too long"),
        ("a {{ contact.nam }}", 1, "Unknown variable {{ contact.nam }}"),
        ("a {{ contact.name", 1, "The template has a mistake"),
        ("{{ settings.SECRET_KEY }}", 1, "Unknown variable"),
    ],
)
def test_what_cannot_be_taken_over_is_refused_with_its_line(source: str, line: int, part: str) -> None:
    found = problems_of(source)
    assert {place for place, _problem in found} == {line}
    assert all(part in problem for _place, problem in found)


def test_a_text_that_is_too_long_is_not_even_parsed() -> None:
    ((_line, problem),) = problems_of("x" * (MAX_TEXT + 1))
    assert "20,001" in problem


@given(source=st.text(max_size=400))
def test_whatever_is_written_nothing_but_our_own_tags_comes_out(source: str) -> None:
    written = read_markdown(source)
    for block in written.blocks:
        if block["type"] == "text":
            rest = str(block["value"])
            for tag in ("p", "h2", "h3", "ul", "ol", "li", "b", "i", "a", "br/", "hr/"):
                rest = rest.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
            rest = "".join(piece.partition('">')[2] if n else piece for n, piece in enumerate(rest.split('<a href="')))
            assert "<" not in rest


# --- tables ---------------------------------------------------------------------------------------------------------


def test_a_table_becomes_messages_in_its_order() -> None:
    result = read(
        csv_file(
            "subject,text,kind,name,preheader,stage,topic,wall,doubt",
            'First,"Hello\n\nthere",ask,Letter 1,Soon,trial,News,safety,price',
            "Second,Bye,,,,,,,",
        ),
        kind="care",
    )
    assert told(result) == []
    first, second = result.drafts
    assert (first.subject, first.name, first.preheader, first.kind) == ("First", "Letter 1", "Soon", "ask")
    assert (first.stage, first.topic, first.wall, first.doubt) == (3, "news", "safety", "price")
    assert first.blocks == [{"type": "text", "value": "<p>Hello</p><p>there</p>"}]
    assert (second.name, second.kind, second.stage, second.topic) == ("Second", "care", 2, "newsletter")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_its_encoding_is_found(encoding: str, end: str) -> None:
    result = read(
        csv_file("件名,本文,種類,段階", "はじめまして①,こんにちは,販売のご案内,見込み客", encoding=encoding, end=end)
    )
    assert [(draft.subject, draft.kind, draft.stage) for draft in result.drafts] == [("はじめまして①", "ask", 2)]


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_so_is_what_stands_between_its_cells(delimiter: str) -> None:
    assert subjects(read(csv_file(f"subject{delimiter}text", f"A{delimiter}b, c"))) == ["A"]


@pytest.mark.parametrize(
    ("rows", "line", "part"),
    [
        (["subject,text", "A,b", ",c"], 3, "There is no subject."),
        (["subject,text", "A,b", "B,"], 3, "There is no text."),
        (["subject,text,kind", "A,b,transactional"], 2, "is not possible as “kind”"),
        (["subject,text,kind", "A,b,spam"], 2, "Possible are: Help, Ask, Thanks and care"),
        (["subject,text,stage", "A,b,9"], 2, "is not possible as “for the stage”"),
        (["subject,text,topic", "A,b,cars"], 2, "no topic of yours. You have: メルマガ, News."),
        (["subject,text", f"{'x' * 201},b"], 2, "longer than 200"),
        (["subject,text", "A,b,c"], 2, "The row has 3 cells"),
        (["subject,text", 'A,"x\n\n<b>y</b>"'], 4, "HTML is not taken over"),
        (["subject,text", "A,b", 'B,"open', "C,d"], 3, "cannot be read from here on"),
        (["subject,text", "A,b", f"B,{'x' * 140_000}"], 3, "cannot be read from here on"),
        (["subject,text", f"B,{'x' * 30_000}"], 2, "20,000 are the most"),
        (["subject", "A"], 0, "subject and text at least"),
        (["subject,title,text", "A,b,c"], 0, "Two columns of the first row say the same."),
        ([""], 0, "subject and text at least"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_line(rows: list[str], line: int, part: str) -> None:
    ((file, found, problem),) = told(read(csv_file(*rows)))
    assert (file, found) == ("letters.csv", line)
    assert part in problem


def test_the_other_rows_are_read_all_the_same() -> None:
    result = read(csv_file("subject,text,kind", "A,b,spam", "", "C,d,help"))
    assert (subjects(result), len(result.problems)) == (["C"], 1)


def test_an_unknown_column_is_left_out_and_that_is_said() -> None:
    result = read(csv_file("subject,text,colour", "A,b,red"))
    assert (subjects(result), [note.line for note in result.notes]) == (["A"], [1])


@pytest.mark.parametrize("data", [b"\xff\x00\x12\x99\x81", b"subject,text\nA,b\x00c", bytes(range(128, 256))])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    ((_file, _line, problem),) = told(read(File("x.csv", data)))
    assert "Save it again as UTF-8" in problem


@given(data=st.binary(max_size=300))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    for name in ("a.csv", "a.md", "a.zip"):
        result = read(File(name, data))
        assert result.drafts or result.problems


@given(text=st.text(max_size=300))
def test_no_text_breaks_the_reading(text: str) -> None:
    for file in (csv_file("subject,text", text), page(text), page(f"---\n{text}\n---\n{text}")):
        result = read(file)
        assert result.drafts or result.problems


# --- Markdown files -------------------------------------------------------------------------------------------------


def test_front_matter_says_what_a_message_is() -> None:
    source = '---\nsubject: "A: b"\nkind: ask\n段階: 3\n# a comment\ndate: 2026-01-01\n---\n\nHello'
    result = read(page(source))
    (draft,) = result.drafts
    assert (draft.subject, draft.kind, draft.stage, draft.name) == ("A: b", "ask", 3, "A: b")
    assert [(note.line, "date" in note.text) for note in result.notes] == [(6, True)]


def test_without_one_the_first_heading_is_the_subject() -> None:
    (draft,) = read(page("# Hello *you*\n\nText")).drafts
    assert (draft.subject, draft.blocks) == ("Hello you", [{"type": "text", "value": "<p>Text</p>"}])


def test_lines_are_counted_in_the_file() -> None:
    ((_file, line, _problem),) = told(read(page("---\nsubject: A\n---\n\nHello\n\n<b>x</b>\n\nBye")))
    assert line == 7


@pytest.mark.parametrize("source", ["---\nsubject: A\n\nHello", "---\n" + "a: b\n" * 60 + "---\nHello"])
def test_front_matter_that_never_ends_is_refused(source: str) -> None:
    ((_file, _line, problem),) = told(read(page(source)))
    assert "never end" in problem


def test_an_anchor_of_yaml_is_nothing_but_text() -> None:
    (draft,) = read(page("---\nsubject: &a [*a, *a]\n---\nHello")).drafts
    assert draft.subject == "&a [*a, *a]"


def test_a_file_of_another_kind_is_refused() -> None:
    ((file, _line, problem),) = told(read(File("letters.docx", b"x")))
    assert (file, "neither" in problem) == ("letters.docx", True)


# --- zip ------------------------------------------------------------------------------------------------------------


def letter(subject: str) -> str:
    return f"---\nsubject: {subject}\n---\nHello"


def test_the_files_of_a_zip_come_in_the_order_of_their_numbers() -> None:
    members = {f"letters/{number}.md": letter(str(number)) for number in (10, 9, 1, 2)}
    assert subjects(read(zip_file({**members, "letters/": "", ".DS_Store": "x", "__MACOSX/._1.md": "x"}))) == [
        "1",
        "2",
        "9",
        "10",
    ]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("../../etc/cron.d/evil.md", "leads out of the zip"),
        ("a/../../b.md", "leads out of the zip"),
        ("/etc/evil.md", "leads out of the zip"),
        ("C:/evil.md", "leads out of the zip"),
        ("..\\evil.md", "leads out of the zip"),
        ("evil.exe", "It is not Markdown"),
        ("nested.zip", "It is not Markdown"),
    ],
)
def test_hostile_names_are_refused_and_the_others_are_read(name: str, part: str) -> None:
    result = read(zip_file({name: letter("evil"), "1.md": letter("good")}))
    ((_file, _line, problem),) = told(result)
    assert part in problem
    assert subjects(result) == ["good"]


def test_a_link_in_a_zip_is_not_followed() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("link.md")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    ((_file, _line, problem),) = told(read(File("x.zip", packed.getvalue())))
    assert "a link to another file" in problem


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    unpack = zipfile.ZipExtFile.read

    def counted(opened: zipfile.ZipExtFile, size: int = -1) -> bytes:
        data = unpack(opened, size)
        taken.append(len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    bomb = zip_file({"1.md": b"\0" * 50_000_000, "2.md": letter("good")}, compresslevel=9)
    assert len(bomb.data) < 100_000
    result = read(bomb)
    ((file, _line, problem),) = told(result)
    assert (file, "larger than 200 KB" in problem) == ("1.md", True)
    assert subjects(result) == ["good"]
    assert sum(taken) < 300_000


def test_many_small_bombs_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(UnreadableFile, match="Unpacked"):
        read(zip_file({f"{number}.md": "x" * 199_000 for number in range(10)}))


def test_a_size_that_lies_is_found_out() -> None:
    honest = zip_file({"1.md": "x" * 300_000}).data
    lying = honest.replace((300_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    ((_file, _line, problem),) = told(read(File("x.zip", lying)))
    assert problem == "The file in the zip is broken."


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_MEMBERS", 3)
    ((_file, _line, problem),) = told(read(zip_file({f"{number}.md": letter("x") for number in range(4)})))
    assert "more than 3 files" in problem


def test_a_locked_zip_says_so() -> None:
    data = bytearray(zip_file({"1.md": letter("x")}).data)
    data[6] |= 1  # in the file's own head
    data[data.index(b"PK\x01\x02") + 8] |= 1  # in the zip's list
    ((_file, _line, problem),) = told(read(File("x.zip", bytes(data))))
    assert "password" in problem


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_names_from_a_japanese_windows_or_a_mac_are_read(encoding: str) -> None:
    name = "手紙.md"
    stand_in = "x" * (len(name.encode(encoding)) - 3) + ".md"
    packed = zip_file({stand_in: "no subject"}).data.replace(stand_in.encode(), name.encode(encoding))
    assert {file for file, _line, _problem in told(read(File("x.zip", packed)))} == {name}


def test_what_does_not_fit_is_left_out_and_said() -> None:
    result = read(csv_file("subject,text", *[f"{number},x" for number in range(5)]), room=3)
    assert subjects(result) == ["0", "1", "2"]
    assert "room for 3 more" in told(result)[0][2]


def test_too_much_is_not_looked_at() -> None:
    with pytest.raises(UnreadableFile, match="more than 10 MB"):
        read(File("x.csv", b"x" * 10_000_001))
