from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Binding
from connectors.errors import SourceChanged, SourceUnavailable
from connectors.manifest import ManifestError, parse
from connectors.transports import tap_process
from connectors.transports.singer import fetch
from connectors.transports.tap_process import Call
from schemas.records import Listing, Page, RawRecord
from tests.connectors.transports.tapping import (
    Tap,
    cursors,
    fed,
    keys,
    record,
    schema,
    settings_of,
    state,
    unreadable,
    walk,
)
from tests.gates.tree import ROOT

MADE = fed()
WHOLE = fed(top='listing = "full"')


@pytest.fixture
def tap(tmp_path: Path) -> Tap:
    return Tap(tmp_path)


def walking(tap: Tap, cursor: str | None = None) -> Iterator[Page]:
    return fetch(MADE, settings_of(MADE), Binding(430200, None, tap.variables()), cursor)


def test_records_come_in_pages_and_a_page_knows_the_last_state_before_its_end(tap: Tap) -> None:
    tap.says(
        schema(), record(1), state({"at": 1}), record(2), record(3), record(4), state({"at": 4}), record(5)
    )
    pages = walk(MADE, tap)
    assert [keys([page]) for page in pages] == [["K1", "K2", "K3"], ["K4", "K5"]]
    assert cursors(pages) == [{"at": 1}, {"at": 4}]
    assert {page.listing for page in pages} == {Listing.CHANGES}


def test_a_run_begins_where_the_cursor_stands_and_gives_the_tap_its_state_to_the_letter(tap: Tap) -> None:
    tap.says(schema(), record(1), '{"type": "STATE", "value": {"at": 1.10, "big": 12345678901234567890.5}}')
    cursor = walk(MADE, tap)[-1].cursor
    tap.says(schema())
    assert walk(MADE, tap, cursor) == []
    first, second = tap.calls()
    assert "state" not in first
    assert second["state"] == '{"at": 1.10, "big": 12345678901234567890.5}'


@pytest.mark.parametrize(
    "cursor", ['{"updated": "2024-01-01", "id": "7"}', '{"state": null}', "7", "[1", None]
)
def test_a_cursor_of_another_road_begins_anew(tap: Tap, cursor: str | None) -> None:
    tap.says(schema(), record(1))
    assert keys(walk(MADE, tap, cursor)) == ["K1"]
    assert "state" not in tap.calls()[0]


def test_a_state_moves_on_without_records_and_an_equal_one_gives_no_page(tap: Tap) -> None:
    tap.says(schema(), state({"at": 2}))
    pages = walk(MADE, tap, '{"state": {"at": 1}}')
    assert ([page.rows for page in pages], cursors(pages)) == ([()], [{"at": 2}])
    assert walk(MADE, tap, '{"state": {"at": 2}}') == []


def test_the_last_state_counts_whole_and_none_is_lost_to_another(tap: Tap) -> None:
    tap.says(schema(), state({"a": 1, "b": 1}), record(1), state({"a": 2}), state(None), record(2))
    assert cursors(walk(MADE, tap)) == [{"a": 2}]


def test_a_record_keeps_its_numbers_and_its_letters_as_they_were_said(tap: Tap) -> None:
    body = '{"BH": "K1",  "MC": "\\u7532", "amount": 12345678901234567890.10, "rate": 1.10e+2}'
    tap.says(
        schema("BH", "MC", "amount", "rate"),
        f'{{"type":"RECORD","stream":"projects","record":{body},"version":7}}',
    )
    made = fed(top='ignore = ["amount", "rate"]')
    row = walk(made, tap)[0].rows[0]
    assert isinstance(row, RawRecord)
    assert row.body == body.encode()


def test_rows_that_are_rotten_cost_themselves_alone(tap: Tap) -> None:
    tap.says(
        schema(),
        '{"type": "RECORD", "stream": "projects", "record": {"BH": "K1", "MC": NaN}}',
        '{"type": "RECORD", "stream": "projects", "record": {"BH": "K2", "MC": "a\tb"}}',
        '{"type": "RECORD", "stream": "projects", "record": {"BH": "K3", "MC": "\ud800"}}',
        f'{{"type": "RECORD", "stream": "projects", "record": {{"BH": "K4", "MC": {"[" * 100_000}{"]" * 100_000}}}}}',
        '{"type": "RECORD", "stream": "projects", "record": ["K5"]}',
        '{"type": "RECORD", "stream": "projects", "record": {"MC": "K6"}}',
        record(7),
    )
    pages = walk(MADE, tap)
    assert keys(pages) == ["K1", "K2", "K3", "K4", "K7"]
    assert unreadable(pages) == ["json.not_object", "key.missing"]


def test_other_streams_and_blank_lines_are_passed_over(tap: Tap) -> None:
    tap.says(schema("id", stream="people", keys=["id"]), record(9, stream="people"), "", schema(), record(1))
    assert keys(walk(MADE, tap)) == ["K1"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([record(1), schema()], "before its schema"),
        ([schema(), "Traceback (most recent call last):"], "line 2 .* no Singer message .*Traceback"),
        ([schema(), '{"type": "RECORD", "stream": "projects", "record": {"BH": "139'], "no Singer message"),
        ([schema(), "[]"], "no Singer message"),
        ([schema(), {"type": "RECORD", "stream": "projects"}], "RECORD without a record"),
        ([schema(), {"type": "BATCH", "stream": "projects", "manifest": []}], "BATCH.*batch_config"),
        ([schema(), {"type": "LOG", "log": {}}], "'LOG' is no message"),
        ([schema(), {"stream": "projects"}], "has no type"),
        ([schema(), state(7)], "STATE whose value is no object"),
        ([schema(), '{"type": "STATE", "value": {"at": NaN}}'], "no Singer message"),
        ([{"type": "SCHEMA", "stream": "projects", "schema": []}], "SCHEMA without properties"),
        ([schema(keys="BH")], "no Singer message"),
        ([schema(), record(1, XM="新列"), record(2, XM="新列"), record(3, XM="新列")], "unknown: XM"),
        (
            [schema(stream="people"), schema(stream="parcels")],
            "did not speak of projects, but of: parcels, people",
        ),
        ([], "did not speak of projects, but of: nothing"),
    ],
)
def test_what_is_not_understood_stops_the_source_and_says_why(
    tap: Tap, lines: list[object], told: str
) -> None:
    tap.says(*lines)
    with pytest.raises(SourceChanged, match=told) as caught:
        walk(MADE, tap)
    assert "139" not in str(caught.value), "a line that is no message may hold somebody's data"


def test_a_state_in_another_encoding_is_no_cursor(tap: Tap) -> None:
    said = b"\n".join((json.dumps(schema()).encode(), b'{"type": "STATE", "value": {"at": "\xff"}}', b""))
    tap.script.write_bytes(said)
    with pytest.raises(SourceChanged, match="line 2: a STATE whose value is no object in UTF-8"):
        walk(MADE, tap)


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 5), st.integers(0, 30))
def test_a_run_that_breaks_off_anywhere_and_goes_on_loses_no_record(
    told: list[bool], size: int, until: int
) -> None:
    """After which of its records the tap tells its state, the number of records so far, and where it goes on from there."""
    made = fed(page=size)

    def lines(call: Call, *_: object, until: int) -> Iterator[list[bytes]]:
        start = json.loads(Path(call.command[-1]).read_bytes())["at"] if "--state" in call.command else 0
        said: list[object] = [schema()]
        for number in range(start, min(until, len(told))):
            said += [record(number), *([state({"at": number + 1})] if told[number] else [])]
        yield [json.dumps(message).encode() for message in said]
        if until < len(told):
            raise SourceUnavailable("it broke off")

    def run(cursor: str | None, until: int) -> list[Page]:
        found: list[Page] = []
        with pytest.MonkeyPatch.context() as patch, suppress(SourceUnavailable):
            patch.setattr(tap_process, "lines", partial(lines, until=until))
            for page in fetch(
                made, settings_of(made), Binding(430200, None, {"HUB_TEST_TAP": "tap"}), cursor
            ):
                found.append(page)  # noqa: PERF402 - what came before it broke off is what this is about
        return found

    first = run(None, until)
    then = run(first[-1].cursor if first else None, len(told))
    assert {*keys(first), *keys(then)} == {f"K{number}" for number in range(len(told))}
    assert len(keys(first)) == min(until, len(told))


def test_columns_that_vanish_or_appear_stop_the_source_before_a_record_is_taken(tap: Tap) -> None:
    tap.says(schema("BH", "XMMC"), record(1))
    with pytest.raises(SourceChanged, match=r"missing: MC; unknown: XMMC"):
        walk(MADE, tap)


def test_a_key_that_is_not_the_manifests_is_refused_unless_the_manifest_knows_it(tap: Tap) -> None:
    tap.says(schema("BH", "MC", "id", keys=["id"]), record(1))
    with pytest.raises(SourceChanged, match=r"its key is id, the manifest's is BH;.*key_properties"):
        walk(fed(top='ignore = ["id"]'), tap)
    assert keys(walk(fed(top='ignore = ["id"]', key_properties=["id"]), tap)) == ["K1"]


def test_a_key_that_is_given_up_in_the_middle_stops_the_source_and_what_came_before_is_kept(tap: Tap) -> None:
    tap.says(schema(), record(1), state({"at": 1}), schema(keys=[]), record(2))
    run = walking(tap)
    page = next(run)
    assert (keys([page]), cursors([page])) == (["K1"], [{"at": 1}])
    with pytest.raises(SourceChanged, match="gives up its key"):
        next(run)


def test_a_tap_without_keys_is_taken_by_the_manifests(tap: Tap) -> None:
    for said in (tuple[str, ...](), None):
        tap.says(schema(keys=said), record(1))
        assert keys(walk(MADE, tap)) == ["K1"]


@pytest.mark.parametrize("end", ["!exit 1", '!half {"type": "REC\n!exit 3', "!hang", "!long 40"])
def test_a_tap_that_fails_half_way_gives_what_came_before_and_the_next_run_goes_on(
    tap: Tap, end: str
) -> None:
    made = fed(silence_seconds=2)
    tap.says(schema(), record(1), record(2), state({"at": 2}), record(3), record(4), *end.split("\n"))
    run = fetch(made, settings_of(made), Binding(430200, None, tap.variables()), None)
    found = [next(run), next(run)]
    assert (keys(found), cursors(found)) == (["K1", "K2", "K3", "K4"], [{"at": 2}, {"at": 2}])
    with pytest.raises((SourceUnavailable, SourceChanged)):
        next(run)
    tap.says(schema(), record(2), record(3), record(4), record(5), state({"at": 5}))
    assert keys(walk(made, tap, found[-1].cursor)) == ["K2", "K3", "K4", "K5"]
    assert json.loads(tap.calls()[-1]["state"]) == {"at": 2}


def test_a_whole_listing_begins_anew_each_time_and_ends_only_when_the_tap_ended_well(tap: Tap) -> None:
    tap.says(schema(), *(record(number) for number in range(1, 5)), state({"at": 4}))
    pages = walk(WHOLE, tap, '{"state": {"at": 2}}')
    assert [page.listing for page in pages] == [Listing.FULL, Listing.FULL_END]
    assert "state" not in tap.calls()[0]
    tap.says(schema())
    assert [(page.rows, page.listing) for page in walk(WHOLE, tap)] == [((), Listing.FULL_END)]


@pytest.mark.parametrize("end", ["!exit 1", "no message", '{"type": "BATCH", "stream": "projects"}'])
def test_a_whole_listing_that_breaks_off_never_says_it_is_whole(tap: Tap, end: str) -> None:
    tap.says(schema(), record(1), end)
    run = fetch(WHOLE, settings_of(WHOLE), Binding(430200, None, tap.variables()), None)
    assert next(run).listing is Listing.FULL
    with pytest.raises((SourceUnavailable, SourceChanged)):
        next(run)


def activated(version: int) -> dict[str, object]:
    return {"type": "ACTIVATE_VERSION", "stream": "projects", "version": version}


def test_an_activated_version_is_what_a_whole_listing_means_and_nothing_in_a_list_of_changes(
    tap: Tap,
) -> None:
    said: list[dict[str, object]] = [schema(), activated(7), {**record(1), "version": 7}, activated(7)]
    assert walk(WHOLE, tap.says(*said))[-1].listing is Listing.FULL_END
    assert keys(walk(MADE, tap.says(*said, activated(8)))) == ["K1"]


@pytest.mark.parametrize("then", [activated(8), {**record(2), "version": 8}])
def test_a_whole_listing_of_two_versions_is_none(tap: Tap, then: dict[str, object]) -> None:
    tap.says(schema(), {**record(1), "version": 7}, then)
    with pytest.raises(SourceChanged, match="from 7 to 8"):
        walk(WHOLE, tap)


def test_a_slow_tap_gives_a_sign_of_life_and_what_there_is(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_process, "BEAT_SECONDS", 0.2)
    tap.says(schema(), record(1), state({"at": 1}), "!wait 1", record(2))
    pages = walk(MADE, tap)
    assert keys(pages) == ["K1", "K2"]
    assert [page for page in pages if not page.rows]
    assert cursors(pages)[-1] == {"at": 1}


def test_a_run_that_is_given_up_ends_the_tap_and_what_it_started(tap: Tap) -> None:
    tap.says(schema(), "!child", *map(record, range(3)), "!hang")
    run = walking(tap)
    next(run)
    pids = [tap.calls()[0]["pid"], int(Path(f"{tap.script}.child").read_text())]
    begun = time.monotonic()
    run.close()  # type: ignore[attr-defined]  # what cancelling a run does to its generator
    assert time.monotonic() - begun < 5
    assert not any(alive(pid) for pid in pids)
    assert not Path(tap.calls()[0]["folder"]).exists()


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet buried does not."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return False
        except FileNotFoundError:
            return False
        time.sleep(0.01)
    return True


def test_a_selected_stream_is_looked_up_and_read_alone(tap: Tap) -> None:
    made = fed(discover=True, replication_key="GXSJ")
    tap.has(
        {"tap_stream_id": "projects", "schema": {"properties": {"BH": {}}}},
        {"tap_stream_id": "people", "schema": {}},
    )
    tap.says(schema(), record(1))
    assert keys(walk(made, tap)) == ["K1"]
    asked, read = tap.calls()
    assert asked["arguments"] == ["--discover"]
    chosen = {
        one["tap_stream_id"]: one["metadata"][0]["metadata"] for one in json.loads(read["catalog"])["streams"]
    }
    assert chosen["projects"] == {
        "selected": True,
        "replication-method": "INCREMENTAL",
        "replication-key": "GXSJ",
    }
    assert chosen["people"] == {"selected": False}


@pytest.mark.parametrize(
    ("top", "settings", "told"),
    [
        ("", {"replication_key": "GXSJ"}, "discover"),
        ('listing = "full"', {"replication_key": "GXSJ", "discover": True}, "begins anew"),
        ("", {"stream": ""}, "stream"),
        ("", {"command": "rm -rf"}, "command"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(
    top: str, settings: dict[str, object], told: str
) -> None:
    with pytest.raises(ManifestError, match=told):
        fed(top=top, **settings)


def test_the_pages_example_is_a_manifest() -> None:
    page = (ROOT / "docs" / "add-a-department.md").read_text(encoding="utf-8")
    [said] = re.findall(r"^    key = .*?(?=^\* )", page, re.MULTILINE | re.DOTALL)
    made = parse(dedent(said))
    assert (made.key, settings_of(made).discover) == ("water.quota_permits", True)
