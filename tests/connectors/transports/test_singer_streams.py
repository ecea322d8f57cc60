"""What the hub does with the streams by which the Singer SDK judges targets (singer-sdk 0.54.9, Apache-2.0), each by name.

They are read from the SDK's own distribution: `make test-singer`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.contract import Binding, Connector
from connectors.errors import SourceChanged
from connectors.manifest import Manifest
from connectors.manifest_connector import ManifestConnector
from connectors.transports.singer import fetch
from schemas.records import Accepted, Page, RawRecord, Rejection
from tests.connectors.manifests import manifest
from tests.connectors.transports.tapping import Tap, cursors, keys, road, settings_of, unreadable, walk
from tests.support.taps import environment

pytestmark = pytest.mark.timeout(900)  # the first to ask for the SDK installs it


@pytest.fixture
def tap(request: pytest.FixtureRequest, tmp_path: Path) -> Tap:
    """The stream that a test is named after, said by a tap."""
    folder = next(
        environment("singer-sdk").glob("lib/python*/site-packages/singer_sdk/testing/target_test_streams")
    )
    name = str(request.node.originalname).removeprefix("test_").partition("__")[0]
    made = Tap(tmp_path)
    made.script.write_bytes((folder / f"{name}.singer").read_bytes())
    return made


def fed(stream: str, *ignored: str, key: str = "id", by: str = "", **settings: object) -> Manifest:
    identity = f"[identity]\n{by}" if by else f'[identity]\ncolumns = ["{key}"]'
    top = f"ignore = {json.dumps(ignored)}"
    return manifest(road(stream=stream, page=1000, **settings), identity, top=top)


def numbers(*found: int) -> list[str]:
    return [str(number) for number in found]


def raws(pages: list[Page]) -> list[RawRecord]:
    return [row for page in pages for row in page.rows if isinstance(row, RawRecord)]


def rejected(made: Manifest, pages: list[Page]) -> dict[str, str]:
    """Give the rule by which each refused row is refused, by key."""
    connector: Connector = ManifestConnector(made, Binding(430200))
    found = raws(pages)
    outcomes = list(connector.normalize(found))
    assert all(isinstance(outcome, Accepted | Rejection) for outcome in outcomes)
    return {
        raw.key: outcome.rule
        for raw, outcome in zip(found, outcomes, strict=True)
        if isinstance(outcome, Rejection)
    }


def test_array_data__is_accepted_with_its_lists_as_said(tap: Tap) -> None:
    pages = walk(fed("test_array_data", "fruits"), tap)
    assert (keys(pages), cursors(pages)) == (numbers(1, 2, 3, 4), [{"test_array_data": 4}])
    assert raws(pages)[0].body == b'{"id": 1, "fruits": [ "apple", "orange", "pear" ]}'


def test_camelcase__is_accepted_with_its_names_as_said(tap: Tap) -> None:
    assert keys(walk(fed("TestCamelcase", "clientName", key="Id"), tap)) == ["1", "2"]


COMPLEX = [
    "IsDeleted",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "ForecastingTypeId",
    "ForecastingItemCategory",
    "DisplayPosition",
    "IsAdjustable",
    "IsOwnerAdjustable",
]
LATER = ("age", "NewCamelCasedAttribute", "_attribute_startswith_underscore")


def test_camelcase_complex_schema__is_accepted_where_the_later_columns_are_known(tap: Tap) -> None:
    made = fed("ForecastingTypeToCategory", *COMPLEX, *LATER, key="Id")
    assert [page.rows for page in walk(made, tap)] == []


def test_camelcase_complex_schema__stops_the_source_where_they_are_not(tap: Tap) -> None:
    with pytest.raises(
        SourceChanged, match="unknown: NewCamelCasedAttribute, _attribute_startswith_underscore, age"
    ):
        walk(fed("ForecastingTypeToCategory", *COMPLEX, key="Id"), tap)


def test_duplicate_records__are_states_of_one_record_in_the_order_said(tap: Tap) -> None:
    assert keys(walk(fed("test_duplicate_records", "metric"), tap)) == numbers(1, 2, 1, 2, 1)


@pytest.mark.parametrize(
    ("stream", "column", "last", "refused"),
    [
        ("test_strings", "info", 11, "11"),
        ("test_strings_in_objects", "info", 11, "11"),
        ("test_strings_in_arrays", "strings", 6, "6"),
    ],
)
def test_encoded_string_data__is_accepted_but_for_the_row_with_the_character_nul(
    tap: Tap, stream: str, column: str, last: int, refused: str
) -> None:
    made = fed(stream, column)
    pages = walk(made, tap)
    assert keys(pages) == numbers(*range(1, last + 1))
    assert rejected(made, pages) == {refused: "json.nul_char"}


def test_invalid_schema__is_refused_for_the_columns_it_lacks(tap: Tap) -> None:
    with pytest.raises(SourceChanged, match="missing: id"):
        walk(fed("test_invalid_schema"), tap)


def test_multiple_state_messages__end_with_the_last_state_and_the_record_after_it_is_said_again(
    tap: Tap,
) -> None:
    pages = walk(fed("test_multiple_state_messages_a", "metric"), tap)
    assert (keys(pages), cursors(pages)) == (
        numbers(*range(1, 7)),
        [{"test_multiple_state_messages_a": 5, "test_multiple_state_messages_b": 6}],
    )


def test_multiple_state_messages__are_each_the_cursor_of_the_records_before_them(tap: Tap) -> None:
    made = fed("test_multiple_state_messages_a", "metric")
    made = made.model_copy(update={"transport": settings_of(made).model_copy(update={"page": 1})})
    reached = [state["test_multiple_state_messages_a"] if state else 0 for state in cursors(walk(made, tap))]
    assert all(stands <= number for number, stands in enumerate(reached, start=1)), reached


@pytest.mark.parametrize("by", ['columns = ["id"]', "content = true"])
def test_no_primary_keys__is_accepted_by_the_manifests_key(tap: Tap, by: str) -> None:
    ignored = ("metric",) if "id" in by else ("metric", "id")
    assert len(set(keys(walk(fed("test_no_pk", *ignored, by=by), tap)))) == 3


def test_no_primary_keys_append__is_accepted_by_the_manifests_key(tap: Tap) -> None:
    assert keys(walk(fed("test_no_pk", "metric"), tap)) == numbers(1, 2, 3, 4, 5)


def test_optional_attributes__are_accepted_present_or_not(tap: Tap) -> None:
    made = fed("test_optional_attributes", "optional")
    pages = walk(made, tap)
    assert (keys(pages), rejected(made, pages)) == (numbers(1, 2, 3, 4), {})


def test_pk_updates__say_their_key_where_nobody_reads_it_so_the_manifests_holds(tap: Tap) -> None:
    assert keys(walk(fed("example_stream", "name", "email"), tap)) == numbers(1, 2)


def test_record_before_schema__is_refused(tap: Tap) -> None:
    with pytest.raises(SourceChanged, match="before its schema"):
        walk(fed("test_record_before_schema", "metric"), tap)


def test_record_missing_fields__is_accepted(tap: Tap) -> None:
    pages = walk(fed("record_missing_fields", "optional"), tap)
    assert (keys(pages), cursors(pages)) == (numbers(1, 2), [{}])


def test_record_missing_key_property__is_a_row_without_a_key_and_stops_nothing(tap: Tap) -> None:
    assert unreadable(walk(fed("test_record_missing_key_property", "metric"), tap)) == ["key.missing"]


def test_record_missing_required_property__is_the_mappings_to_judge_not_the_schemas(tap: Tap) -> None:
    made = fed("test_record_missing_required_property", "metric", "id", by="content = true")
    assert len(keys(walk(made, tap))) == 1


@pytest.mark.parametrize("stream", ["test_object_schema_with_properties", "test_object_schema_no_properties"])
def test_schema_no_properties__is_accepted_with_its_objects_as_said(tap: Tap, stream: str) -> None:
    pages = walk(fed(stream, "object_store", by="content = true"), tap)
    assert len(set(keys(pages))) == 2


def test_schema_updates__are_accepted_where_the_manifest_knows_every_column(tap: Tap) -> None:
    pages = walk(fed("test_schema_updates", *(f"a{number}" for number in range(1, 7))), tap)
    assert (keys(pages), cursors(pages)) == (numbers(*range(1, 7)), [{"test_schema_updates": 6}])


def test_schema_updates__stop_the_source_at_the_first_unknown_column_and_keep_what_came_before(
    tap: Tap,
) -> None:
    made = fed("test_schema_updates", "a1", "a2")
    run = fetch(made, settings_of(made), Binding(430200, None, tap.variables()), None)
    assert keys([next(run)]) == ["1"]
    with pytest.raises(SourceChanged, match="unknown: a3"):
        next(run)


def test_special_chars_in_attributes__are_accepted(tap: Tap) -> None:
    pages = walk(fed("test:SpecialChars!in?attributes", "d", key="_id"), tap)
    assert keys(pages) == ["a2e98886"]


@pytest.mark.parametrize(
    ("stream", "ignored", "count"),
    [
        ("test_users", ("name",), 5),
        ("test_locations", ("name",), 3),
        ("test_user_in_location", ("user_id", "location_id", "info"), 3),
    ],
)
def test_user_location_data__gives_each_source_its_own_stream(
    tap: Tap, stream: str, ignored: tuple[str, ...], count: int
) -> None:
    assert keys(walk(fed(stream, *ignored), tap)) == numbers(*range(1, count + 1))


def test_user_location_upsert_data__is_accepted_as_newer_states(tap: Tap) -> None:
    assert keys(walk(fed("test_users", "name"), tap)) == numbers(1, 2, 5, 8, 12, 13)


def test_every_stream_of_the_sdk_has_a_test_here() -> None:
    folder = next(
        environment("singer-sdk").glob("lib/python*/site-packages/singer_sdk/testing/target_test_streams")
    )
    told = {name.removeprefix("test_").partition("__")[0] for name in globals() if name.startswith("test_")}
    assert {file.stem for file in folder.glob("*.singer")} <= told
