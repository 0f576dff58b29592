"""Journeys go out to files and come in again, here and elsewhere, without losing anything."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from wagtail import blocks

from jouren.contacts.models import AttributeDefinition
from jouren.contacts.segments.models import Segment
from jouren.files.codecs import Codec, Reading, Writing, codec_of
from jouren.files.codecs.conditions import CONDITION
from jouren.files.codecs.structures import StreamCodec
from jouren.files.documents import read_document, write_document
from jouren.files.exporting import export_journeys, stems_of
from jouren.files.identities import identities
from jouren.files.kinds import KINDS
from jouren.files.pictures import Pictures
from jouren.files.references import Names
from jouren.files.schemas import schema_text, schemas, spoken
from jouren.journeys.blocks import ExitsBlock
from jouren.journeys.models import Journey
from jouren.journeys.series.models import Series
from jouren.journeys.steps import step_blocks
from jouren.journeys.triggers import TriggersBlock
from jouren.messaging.channels.email.blocks import BodiesBlock
from jouren.messaging.models import Message
from jouren.webhooks.models import Endpoint
from tests.authoring import said, written
from tests.capture_pages import make_form
from tests.examples import examples
from tests.filing import a_message, edited, elsewhere, take
from tests.walking import START, draft_journey, send, step, wait

pytestmark = pytest.mark.django_db


def test_a_journey_and_its_message_read_as_their_author_sees_them() -> None:
    hello = a_message()
    draft_journey([wait(2), send(hello, "first")], name="新規のお客様")
    files = export_journeys()
    assert sorted(files) == ["journeys/新規のお客様.yaml", "messages/ようこそ.yaml"]
    wanted = [
        "name: 新規のお客様",
        "trigger:",
        "  - event:",
        "      event: order.paid",
        "      times: 1",
        "reentry: once",
        "steps:",
        "  - wait:",
        f"      id: {uuid.uuid5(uuid.NAMESPACE_OID, 'wait')}",
        "      amount: 2",
        "      unit: days",
        "  - send:",
        f"      id: {uuid.uuid5(uuid.NAMESPACE_OID, 'first')}",
        "      message: ようこそ",
        "zone: Asia/Tokyo",
    ]
    lines = files["journeys/新規のお客様.yaml"].decode().splitlines()
    assert [line for line in lines if line in wanted] == wanted


def test_elsewhere_it_becomes_the_same_and_is_written_with_equal_bytes() -> None:
    draft_journey([wait(2), send(a_message())])
    files = export_journeys()
    elsewhere()
    done = take(files)
    assert {each.file: each.state for each in done.documents} == dict.fromkeys(files, "new")
    assert export_journeys() == files
    assert take(files).is_idle


@pytest.fixture
def shop() -> None:
    """Something of everything that a journey can refer to."""
    make_form()
    a_message("ひとつ")
    draft_journey([wait(1)], name="もう一つの流れ")
    Endpoint.objects.create(name="倉庫", url="https://hooks.example.jp/", created_at=START)
    User.objects.create_superuser("hanako@example.jp", "hanako@example.jp", "x")
    Segment.objects.create(name="常連さん", changed_at=START)
    Segment.objects.create(name="常連さん", changed_at=START, deleted_at=START)
    Series.objects.create(name="七日間の手紙")
    AttributeDefinition.objects.create(key="birthday", label="誕生日", type="date")


@pytest.mark.parametrize("name", [name for name, _block in step_blocks(1)])
def test_every_step_type_comes_back_as_it_was(shop: None, name: str) -> None:
    block = dict(step_blocks(1))[name]
    codec = codec_of(_stream({name: block}), has_ids=True)
    _comes_back(codec, written(_stream({name: block}), most=2))


def test_every_trigger_exit_and_message_block_comes_back_as_it_was(shop: None) -> None:
    for block in (TriggersBlock(), ExitsBlock(), BodiesBlock()):
        _comes_back(codec_of(block), written(block, most=9), has_ids=False)


def _stream(children: dict[str, Any]) -> blocks.StreamBlock:
    return blocks.StreamBlock(list(children.items()))


def _comes_back(codec: Codec, authored: st.SearchStrategy[Any], *, has_ids: bool = True) -> None:
    pictures = Pictures()
    names = Names(stems_of({kind.name: identities(kind) for kind in KINDS}), pictures)
    validator = jsonschema.Draft202012Validator(
        {"$ref": "#/$defs/steps", "$defs": {"steps": _expanded(codec), "condition": CONDITION}}
    )

    @examples(20, suppress_health_check=list(HealthCheck))
    @given(authored)
    def check(raw: Any) -> None:
        to = Writing("journeys/x.yaml", names)
        document = write_document({"steps": codec.write(raw, to)})
        assert to.problems == []
        node = read_document(document, "journeys/x.yaml").value["steps"]
        validator.validate(node.plain)
        by = Reading("journeys/x.yaml", names, uuid.UUID(int=1))
        read = codec.read(node, by, "steps")
        assert by.problems == []
        if has_ids:
            assert said(read) == said(raw)
        else:
            assert said(_without_ids(read)) == said(_without_ids(raw))
        assert write_document({"steps": codec.write(read, to)}) == document

    check()


def _expanded(codec: Codec) -> dict[str, Any]:
    assert isinstance(codec, StreamCodec)
    return dict(spoken(codec.expanded()))


def _without_ids(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {key: "0" * 32 if key == "id" and "type" in raw else _without_ids(value) for key, value in raw.items()}
    return [_without_ids(each) for each in raw] if isinstance(raw, list) else raw


def test_a_journey_with_every_part_means_the_same_elsewhere(shop: None) -> None:
    message = Message.objects.get(name="ひとつ")
    steps = [
        step(
            "branch",
            {
                "when": {"fact": "pyramid.stage", "op": "gte", "value": 4},
                "then": [send(message)],
                "otherwise": [wait(3)],
            },
        ),
        step("start_journey", {"journey": Journey.objects.get().pk}),
        step("webhook", {"endpoint": str(Endpoint.objects.get().pk), "name": "", "fields": []}),
        step("stage", {"stage": "4", "reason": "x"}),
    ]
    draft_journey(
        steps,
        [{"type": "stage", "value": {"stage": "2"}}, {"type": "by_hand", "value": None}],
        name="全部",
        goal={"fact": "orders.count", "op": "gte", "value": 1},
        exits=[{"type": "exit", "value": {"reason": "購入", "when": {"all": []}}}],
        entries_per_hour=30,
        reentry="after",
        reentry_days=30,
        description="二行\nあります",
    )
    files = export_journeys()
    text = files["journeys/全部.yaml"].decode()
    for line in ("journey: もう一つの流れ", "endpoint: 倉庫", "stage: existing", "stage: prospect", "by_hand: {}"):
        assert line in text
    elsewhere()
    take(files)
    assert export_journeys() == files
    steps = Journey.objects.get(name="全部").steps
    assert steps[0].value["then"][0].value["message"].name == "ひとつ"
    assert steps[1].value["journey"].name == "もう一つの流れ"


def test_coming_back_it_updates_the_same_journey_and_the_same_steps() -> None:
    journey = draft_journey([wait(2), send(a_message())], name="歓迎")
    files = edited(export_journeys(), "journeys/歓迎.yaml", "amount: 2", "amount: 5")
    done = take(files)
    (changed,) = (each for each in done.documents if each.state == "changed")
    assert changed.diff[1:] == [
        "     - wait:".replace("     ", "   ", 1),
        changed.diff[2],
        "-      amount: 2",
        "+      amount: 5",
        "       unit: days",
        "   - send:",
    ]
    assert Journey.objects.get().pk == journey.pk
    draft = Journey.objects.get().get_latest_revision_as_object()
    assert [block.id for block in draft.steps] == [block.id for block in journey.steps]
    assert draft.steps[0].value["amount"] == 5


def test_a_renamed_journey_gets_another_file_and_stays_the_same_one() -> None:
    journey = draft_journey([wait(2)], name="歓迎")
    files = export_journeys()
    Journey.objects.update(name="ようこそ")
    assert list(export_journeys()) == ["journeys/ようこそ.yaml"]
    take(files)
    assert Journey.objects.get().pk == journey.pk


def test_things_of_one_name_get_files_of_their_own() -> None:
    for name in ("同じ", "同じ", "../../etc/passwd", "CON", ""):
        draft_journey([send(a_message())], name=name)
    assert sorted(export_journeys()) == [
        "journeys/con.yaml",
        "journeys/etcpasswd.yaml",
        "journeys/journey.yaml",
        "journeys/同じ-2.yaml",
        "journeys/同じ.yaml",
        *(f"messages/ようこそ{suffix}.yaml" for suffix in ("-2", "-3", "-4", "-5", "")),
    ]


def test_the_published_schemas_are_those_of_the_product() -> None:
    for folder in ("journeys", "messages", "segments", "series"):
        assert Path(f"docs/schemas/{folder}.json").read_text() == schema_text(folder), "make schemas renews them"


def test_what_is_written_fits_the_schema(shop: None) -> None:
    for file, source in export_journeys().items():
        schema = schemas()[file.partition("/")[0]]
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(read_document(source, file).plain, schema)
