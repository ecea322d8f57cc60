"""Landing: what is said is kept once, in order, and every row is accounted for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.db import jurisdictions
from app.db.session import Database
from app.errors import Conflict
from app.pipeline.land import Landed, land_page, land_push, rename_key
from connectors.contract import Binding
from connectors.registry import discover
from connectors.rows import RowReader
from schemas.ids import record_id
from schemas.records import Listing, Page, RawRecord
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.landed import FIRST, REGISTRY, land, live, name, project, rows, settle
from tests.support.pushed import accept_push
from tests.support.small_city import permit, signed

SIGNED, PERMITS, EVENTS = "commerce.signed", "housing.permits", "housing.events"
SECOND = JURISDICTIONS[1]


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def test_a_delivery_said_again_keeps_nothing(hub: Database) -> None:
    first = land(hub, SIGNED, signed("1"), signed("2"))
    again = land(hub, SIGNED, signed("1"), signed("2"), signed("2"))
    assert (first.received, first.kept, first.unchanged, first.unreadable) == (2, 2, 0, 0)
    assert (again.received, again.kept, again.unchanged, again.unreadable) == (3, 0, 3, 0)
    assert rows_of(hub, "SELECT count(*) FROM memory.raw_record") == [(4,)]
    settle(hub)


def test_a_row_says_whether_it_is_the_first_of_its_record(hub: Database) -> None:
    land(hub, SIGNED, signed("1"), signed("1", "乙地块厂房"), signed("2"))
    land(hub, SIGNED, signed("1"), signed("3"))
    begins = rows_of(
        hub, "SELECT delivery_no, row_no FROM memory.raw_record WHERE begins AND jurisdiction = :j", j=FIRST
    )
    heads = rows_of(hub, "SELECT first_delivery, first_row FROM memory.head WHERE jurisdiction = :j", j=FIRST)
    assert sorted(begins) == sorted(heads)
    assert [row for _, row in sorted(begins)] == [1, 3, 2]


def test_a_b_a_is_three_versions_and_ends_at_a(hub: Database) -> None:
    for said in ("甲地块厂房", "乙地块厂房", "甲地块厂房"):
        assert land(hub, SIGNED, signed("1", said)).kept == 1
    settle(hub)
    assert name(hub, SIGNED, "1") == name(hub, SIGNED, "1", SECOND) == "甲地块厂房"


def test_equal_content_under_a_higher_version_is_confirmed_without_a_body(hub: Database) -> None:
    land(hub, PERMITS, permit("2", updated="2024-09-01 10:00:00"))
    again = land(hub, PERMITS, permit("2", updated="2024-09-02 10:00:00"))
    assert (again.kept, again.unchanged) == (0, 1)
    assert land(hub, PERMITS, permit("2", updated="2024-09-02 10:00:00")).unchanged == 1
    confirmed = rows_of(
        hub, "SELECT jurisdiction, body, version FROM memory.raw_record WHERE op = 'confirm' ORDER BY 1"
    )
    later = confirmed[0][2]
    assert confirmed == [(FIRST, None, later), (SECOND, None, later)]
    assert rows_of(hub, "SELECT DISTINCT version FROM memory.head") == [(later,)]
    settle(hub)
    assert rows_of(hub, "SELECT DISTINCT version FROM record") == [(later,)]
    assert land(hub, PERMITS, permit("2", "乙厂房", updated="2024-09-01 12:00:00")).kept == 1
    settle(hub)
    assert name(hub, PERMITS, "2") == permit("2")["name"]


def test_an_older_version_goes_to_history_and_changes_nothing_served(hub: Database) -> None:
    land(hub, PERMITS, permit("1", "新名厂房", updated="2024-09-03 10:00:00"))
    late = land(hub, PERMITS, permit("1", "旧名厂房", updated="2024-09-01 10:00:00"))
    assert (late.kept, late.unchanged) == (1, 0)
    assert rows_of(hub, "SELECT count(*) FROM memory.raw_record WHERE late") == [(2,)]
    assert land(hub, PERMITS, permit("1", "旧名厂房", updated="2024-09-01 10:00:00")).kept == 0
    settle(hub)
    assert name(hub, PERMITS, "1") == "新名厂房"


def land_sheet(hub: Database, day: str, *said: Mapping[str, str]) -> Landed:
    """Land a whole listing whose file is dated."""
    dated = tuple(row._replace(version=day) for row in rows(SIGNED, *said) if isinstance(row, RawRecord))
    page = Page(dated, "", Listing.FULL_END, f"{day}.xlsx", day)
    landed = []
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            landed.append(land_page(connection, jurisdiction, SIGNED, page, run_id=f"run {day}"))
    assert landed[0] == landed[1]
    return landed[0]


def test_an_older_sheet_that_comes_late_overwrites_deletes_and_revives_nothing(hub: Database) -> None:
    many = [signed(str(number)) for number in range(30)]
    assert land_sheet(hub, "0630", *many).kept == 30
    assert land_sheet(hub, "0728", signed("0", "新名厂房"), *many[1:29]).kept == 2
    late = land_sheet(hub, "0609", signed("0", "旧名厂房"), *many[1:25], many[29])
    assert (late.received, late.held_back) == (26, 0)
    between = land_sheet(hub, "0707", *many)
    assert (between.received, between.held_back) == (30, 0)
    settle(hub)
    assert name(hub, SIGNED, "0") == "新名厂房"
    assert {key for key, stands in live(hub).items() if not stands} == {"29"}
    assert rows_of(hub, "SELECT DISTINCT version FROM memory.head") == [("0728",)]


def test_the_same_content_in_a_newer_sheet_confirms_and_a_row_that_reappears_there_revives(
    hub: Database,
) -> None:
    many = [signed(str(number)) for number in range(30)]
    land_sheet(hub, "0630", *many)
    again = land_sheet(hub, "0707", *many)
    assert (again.kept, again.unchanged) == (0, 30)
    land_sheet(hub, "0714", *many[:29])
    assert land_sheet(hub, "0721", *many).kept == 1
    assert land_sheet(hub, "0728", signed("0", "乙"), *many[1:]).kept == 1
    assert land_sheet(hub, "0804", *many).kept == 1
    settle(hub)
    assert all(live(hub).values())
    assert name(hub, SIGNED, "0") == signed("0")["name"]


def test_a_retraction_is_a_tombstone_and_a_later_version_revives(hub: Database) -> None:
    land(hub, PERMITS, permit("1", updated="2024-09-01 10:00:00"))
    land(hub, PERMITS, permit("1", valid="0", updated="2024-09-02 10:00:00"))
    settle(hub)
    assert live(hub) == {"1": False}
    assert rows_of(hub, "SELECT count(*) FROM project") == [(0,)]
    land(hub, PERMITS, permit("1", updated="2024-09-03 10:00:00"))
    settle(hub)
    assert live(hub) == {"1": True}
    assert project(hub, PERMITS, "1") == record_id(FIRST, PERMITS, "1")


def test_a_retraction_may_come_before_what_it_retracts(hub: Database) -> None:
    land(hub, PERMITS, permit("1", valid="0", updated="2024-09-02 10:00:00"))
    late = land(hub, PERMITS, permit("1", updated="2024-09-01 10:00:00"))
    assert late.kept == 1
    settle(hub)
    assert live(hub) == {"1": False}


BAD = [
    b'{"no": "", "name": "x"}',
    b'{"name": "x"}',
    b'{"no": "1", "name": ',
    b"[1]",
    b"",
    b'{"no": "a\\u0000b"}',
    b'{"no": "\\ud800"}',
    b'{"no": "1", "no": "2"}',
    b'{"no": {"a": 1}}',
    b'{"no": "' + b"x" * 600 + b'"}',
]


def test_rows_nobody_can_read_are_kept_and_counted(hub: Database) -> None:
    reader = RowReader(REGISTRY.manifest(SIGNED))
    page = Page((*rows(SIGNED, signed("1")), *(reader.from_json(body) for body in BAD)), "")
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            landed = land_page(connection, jurisdiction, SIGNED, page)
        assert landed.received == len(BAD) + 1
        assert landed.kept + landed.unreadable == len(BAD) + 1
        assert landed.unreadable >= len(BAD) - 1
    kept = rows_of(hub, "SELECT body, rule, zh, en FROM memory.unreadable WHERE jurisdiction = :j", j=FIRST)
    assert {row[0] for row in kept} <= set(BAD)
    assert all(row[1] and row[2] and row[3] for row in kept)
    settle(hub)


VALUES = [
    b'{"no": "1", "name": "a\\u0000b", "signed": "2024-05-20"}',
    b'{"no": "2", "name": "\\ud800", "signed": "2024-05-20"}',
    b'{"no": "3", "name": NaN}',
    b'{"no": "4", "name": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    b'{"no": "5", "name": "x", "amount": 1e999}',
    b'{"no": "6", "name": "' + "名".encode() * 50_000 + b'"}',
    b'{"no": "7", "name": "ok", "amount": "-5", "signed": "2024-13-45"}',
    b'{"no": "8", "name": 12345678901234567890.12345}',
    b'{"no": "9", "name": "\xff\xfe"}',
    b'\xef\xbb\xbf{"no": "10", "name": "bom"}',
]


def test_values_nobody_can_read_end_as_a_rejection_or_an_issue_and_stop_nobody(hub: Database) -> None:
    reader = RowReader(REGISTRY.manifest(SIGNED))
    page = Page((*(reader.from_json(body) for body in VALUES), *rows(SIGNED, signed("good"))), "")
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            landed = land_page(connection, jurisdiction, SIGNED, page)
        assert landed.received == len(VALUES) + 1
    settle(hub)
    assert live(hub)["good"]
    refused = rows_of(hub, "SELECT rule, zh, en, responsible FROM rejection WHERE jurisdiction = :j", j=FIRST)
    assert refused
    assert all(all(row) for row in refused)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b'{"records": 5}',
        b'{"records": [1, null, {"id": "1"}]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_a_push_of_any_bytes_lands(hub: Database, body: bytes) -> None:
    unpacked = list(REGISTRY.open(EVENTS, Binding(FIRST)).unpack({}, body))
    for jurisdiction in JURISDICTIONS:
        push(hub, jurisdiction, body)
        with hub.begin() as connection:
            landed = land_push(connection, jurisdiction, EVENTS, 1, unpacked)
        assert landed is not None
        assert landed.received == len(unpacked) == landed.kept + landed.unreadable
        with hub.begin() as connection:
            assert land_push(connection, jurisdiction, EVENTS, 1, unpacked) is None
    settle(hub)


def push(hub: Database, jurisdiction: int, body: bytes, message_id: str = "m1", source: str = EVENTS) -> int:
    """Keep a pushed message as the door does."""
    with hub.begin() as connection:
        return accept_push(connection, jurisdiction, source, message_id, {}, body, "housing").delivery


FOUND = discover()


@pytest.mark.parametrize("source", [one.key for one in FOUND.manifests() if one.push])
def test_what_a_department_pushes_lands_nothing_new_when_it_comes_again(hub: Database, source: str) -> None:
    sample = Path(str(FOUND.sources[source].folder)) / "sample"
    body = b"".join(file.read_bytes() for file in sample.glob("*.json"))
    unpacked = list(FOUND.open(source, Binding(FIRST)).unpack({}, body))
    for jurisdiction in JURISDICTIONS:
        counted = []
        for message_id in ("first", "again"):
            number = push(hub, jurisdiction, body, message_id, source)
            with hub.begin() as connection:
                landed = land_push(connection, jurisdiction, source, number, unpacked)
            assert landed is not None
            counted.append((landed.kept, landed.unchanged, landed.unreadable))
        assert counted == [(len(unpacked), 0, 0), (0, len(unpacked), 0)]


@pytest.mark.parametrize(
    ("key", "version", "source"),
    [("a\0b", "", SIGNED), ("\ud800", "", SIGNED), ("k", "\0", SIGNED), ("k", "", "x.y")],
)
def test_a_row_a_connector_should_not_have_made_costs_itself_alone(
    hub: Database, key: str, version: str, source: str
) -> None:
    [good] = rows(SIGNED, signed("1"))
    page = Page((RawRecord(source, key, b"{}", b"h", version), good), "")
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            landed = land_page(connection, jurisdiction, SIGNED, page)
        assert (landed.kept, landed.unreadable) == (1, 1)
    assert rows_of(hub, "SELECT DISTINCT rule, body FROM memory.unreadable") == [("connector.failed", b"{}")]
    settle(hub)


def test_a_crash_before_the_commit_repeats_harmlessly(hub: Database) -> None:
    page = Page(rows(SIGNED, signed("1"), signed("2")), "")

    class Crash(Exception):
        pass

    for jurisdiction in JURISDICTIONS:
        for _ in range(2):
            with pytest.raises(Crash), hub.begin() as connection:
                land_page(connection, jurisdiction, SIGNED, page)
                raise Crash
        with hub.begin() as connection:
            landed = land_page(connection, jurisdiction, SIGNED, page)
        assert (landed.delivery_no, landed.kept) == (1, 2)
    settle(hub)


def say(hub: Database, a: str, b: str, verdict: str, jurisdiction: int) -> None:
    """Say a word on two records of commerce.signed."""
    with hub.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        number = jurisdictions.take(connection, held, "judgement_no")[0]
        connection.execute(
            text(
                "INSERT INTO memory.judgement (jurisdiction, judgement_no, a, b, verdict, reason, by, at, hash_a, hash_b,"
                " cores_a, cores_b) VALUES (:j, :n, :a, :b, :v, 'seen', 'reviewer', now(), '', '', '{}', '{}')"
            ),
            {
                "j": jurisdiction,
                "n": number,
                "a": record_id(jurisdiction, SIGNED, a),
                "b": record_id(jurisdiction, SIGNED, b),
                "v": verdict,
            },
        )


def rename(hub: Database, old: str, new: str) -> None:
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            rename_key(connection, jurisdiction, SIGNED, old, new, "department")


OTHER: dict[str, Any] = {"code": "", "investor": "某别的集团有限公司"}


def test_a_new_key_named_before_it_lands_is_the_old_record(hub: Database) -> None:
    land(hub, SIGNED, signed("old", "甲厂房"), signed("x", "全然不同仓库", **OTHER))
    for jurisdiction in JURISDICTIONS:
        say(hub, "old", "x", "same", jurisdiction)
    settle(hub)
    assert project(hub, SIGNED, "old") == project(hub, SIGNED, "x")
    rename(hub, "old", "new")
    assert land(hub, SIGNED, signed("new", "甲厂房二期改名")).kept == 1
    settle(hub)
    assert name(hub, SIGNED, "old") == "甲厂房二期改名"
    assert rows_of(
        hub, "SELECT count(*) FROM record WHERE record_id = :r", r=record_id(FIRST, SIGNED, "new")
    ) == [(0,)]
    assert project(hub, SIGNED, "old") == project(hub, SIGNED, "x")
    rename(hub, "new", "newest")
    land(hub, SIGNED, signed("newest", "甲厂房三次改名"))
    settle(hub)
    assert name(hub, SIGNED, "old") == "甲厂房三次改名"


def test_a_new_key_that_landed_before_is_named_joins_the_old_record(hub: Database) -> None:
    land(hub, SIGNED, signed("old", "甲厂房", code=""))
    land(
        hub,
        SIGNED,
        signed("new", "乙仓储物流中心", **OTHER),
        signed("x", "全然不同管网", code="", investor="某水务集团有限公司"),
    )
    for jurisdiction in JURISDICTIONS:
        say(hub, "new", "x", "same", jurisdiction)
    settle(hub)
    assert project(hub, SIGNED, "new") != project(hub, SIGNED, "old")
    rename(hub, "old", "new")
    settle(hub)
    assert name(hub, SIGNED, "old") == "乙仓储物流中心"
    for jurisdiction in JURISDICTIONS:
        ids = {project(hub, SIGNED, key, jurisdiction) for key in ("old", "new", "x")}
        assert ids == {record_id(jurisdiction, SIGNED, "old")}
    land(hub, SIGNED, signed("new", "乙仓储物流中心改名", **OTHER))
    settle(hub)
    assert name(hub, SIGNED, "old") == "乙仓储物流中心改名"


def test_a_key_follows_one_record_only(hub: Database) -> None:
    land(hub, SIGNED, signed("a"), signed("b"))
    rename(hub, "a", "c")
    for old, new in (("b", "c"), ("c", "a"), ("a", "a")):
        with pytest.raises(Conflict), hub.begin() as connection:
            rename_key(connection, FIRST, SIGNED, old, new, "department")
