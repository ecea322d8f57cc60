"""Rows that say again what stands are not read, and nobody can tell by what the hub keeps."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.db import jurisdictions
from app.db.jurisdictions import Held
from app.db.session import Connection, Database
from app.errors import Conflict
from app.pipeline import land
from app.pipeline.land import Landed, delete_records, land_page, land_push, rename_key
from connectors.glances import Glances, UnreadRows
from connectors.rows import RowReader
from schemas.ids import record_id
from schemas.records import Listing, Page, RawRecord
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.landed import REGISTRY
from tests.support.pushed import accept_push
from tests.support.small_city import permit, signed

FIRST, SECOND = JURISDICTIONS
SIGNED, PERMITS = "commerce.signed", "housing.permits"
HEADS = (
    "SELECT key, version, op, hash, delivery_no, row_no, first_delivery, first_row FROM memory.head"
    " WHERE jurisdiction = :j ORDER BY source, key"
)
KEPT = (
    "SELECT delivery_no, row_no, source, key, version, op, hash, body, late FROM memory.raw_record"
    " WHERE jurisdiction = :j ORDER BY 1, 2"
)
COUNTS = "SELECT delivery_no, received, kept, unchanged, unreadable FROM memory.landing WHERE jurisdiction = :j ORDER BY 1"


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def unread(source: str, said: Sequence[Mapping[str, str]], listing: Listing = Listing.CHANGES) -> Page:
    """A page as a transport gives it that reads nothing in vain."""
    manifest = REGISTRY.manifest(source)
    rows = UnreadRows(RowReader(manifest), [json.dumps(row, ensure_ascii=False).encode() for row in said])
    return Page(rows, "", listing, glances=rows.glances(manifest))


def pull(hub: Database, source: str, *said: Mapping[str, str], run: str | None = None) -> tuple[Landed, int]:
    """Land the rows unread in the first jurisdiction and read in the second; how many had to be read."""
    listing = Listing.CHANGES if run is None else Listing.FULL_END
    lazy = unread(source, said, listing)
    with hub.begin() as connection:
        landed = land_page(connection, FIRST, source, lazy, run_id=run)
    assert isinstance(lazy.rows, UnreadRows)
    count = lazy.rows.read_so_far
    eager = Page(tuple(unread(source, said).rows), "", listing)
    with hub.begin() as connection:
        assert land_page(connection, SECOND, source, eager, run_id=run) == landed
    return landed, count


def same_in_both(hub: Database) -> bool:
    """Whether nobody can tell by what was kept which rows were read."""
    return all(rows_of(hub, q, j=FIRST) == rows_of(hub, q, j=SECOND) for q in (HEADS, KEPT, COUNTS))


def test_a_page_said_again_is_not_read_but_for_its_first_row(hub: Database) -> None:
    said = [signed(str(n)) for n in range(20)]
    assert pull(hub, SIGNED, *said)[1] == 20
    landed, count = pull(hub, SIGNED, *said)
    assert (landed.received, landed.kept, landed.unchanged, count) == (20, 0, 20, 1)
    assert pull(hub, SIGNED, *said[:9], signed("9", "改名"), *said[10:]) == (
        Landed(3, received=20, kept=1, unchanged=19),
        2,
    )
    assert same_in_both(hub)


def test_what_stood_before_another_word_of_the_same_page_is_said_anew(hub: Database) -> None:
    pull(hub, SIGNED, signed("0"), signed("1", "甲"))
    landed, _ = pull(hub, SIGNED, signed("0"), signed("1", "乙"), signed("1", "甲"))
    assert (landed.kept, landed.unchanged) == (2, 1)
    assert same_in_both(hub)


def test_a_whole_listing_that_is_not_read_withdraws_what_it_does_not_name(hub: Database) -> None:
    said = [permit(str(n)) for n in range(30)]
    pull(hub, PERMITS, *said, run="1")
    landed, count = pull(hub, PERMITS, *said[1:], run="2")
    assert (landed.received, landed.kept, landed.unchanged, count) == (30, 1, 29, 1)
    assert rows_of(hub, "SELECT key FROM memory.head WHERE op = 'delete'") == [("0",), ("0",)]
    assert same_in_both(hub)


def test_a_renamed_record_is_known_by_its_new_name(hub: Database) -> None:
    pull(hub, SIGNED, signed("0"), signed("old"))
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            rename_key(connection, jurisdiction, SIGNED, "old", "new", "department")
    assert pull(hub, SIGNED, signed("0"), signed("new"))[0].kept == 1
    assert pull(hub, SIGNED, signed("0"), signed("new"))[1] == 1
    assert rows_of(hub, "SELECT count(*) FROM memory.head") == [(4,)]
    assert same_in_both(hub)


def test_rows_that_were_read_by_other_rules_are_read_once_more(hub: Database) -> None:
    said = [signed(str(n)) for n in range(5)]
    pull(hub, SIGNED, *said)
    with hub.begin() as connection:
        connection.execute(
            text("UPDATE memory.head SET said = set_byte(said, 0, 255 - get_byte(said, 0)) WHERE said <> ''")
        )
    assert pull(hub, SIGNED, *said) == (Landed(2, received=5, unchanged=5), 5)
    assert pull(hub, SIGNED, *said)[1] == 1
    assert same_in_both(hub)


def test_what_lands_while_we_look_is_looked_at(hub: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    pull(hub, SIGNED, signed("0"), signed("1", "甲"))
    hold, meanwhile = jurisdictions.hold, [unread(SIGNED, [signed("1", "乙")])]

    def hold_late(connection: Connection, jurisdiction: int) -> Held:
        if meanwhile:
            page = meanwhile.pop()
            with hub.begin() as other:
                land_page(other, jurisdiction, SIGNED, page)
        return hold(connection, jurisdiction)

    monkeypatch.setattr(jurisdictions, "hold", hold_late)
    with hub.begin() as connection:
        landed = land_page(connection, FIRST, SIGNED, unread(SIGNED, [signed("0"), signed("1", "甲")]))
    assert (landed.kept, landed.unchanged) == (1, 1)
    assert rows_of(hub, "SELECT count(*) FROM memory.raw_record WHERE jurisdiction = :j", j=FIRST) == [(4,)]


ROWS = st.builds(
    lambda key, name, stamp, valid: permit(key, name, updated=f"2024-09-0{stamp} 10:00:00", valid=valid),
    st.sampled_from(["1", "2", "3", "", "x" * 600]),
    st.sampled_from(["甲", "乙"]),
    st.integers(1, 2),
    st.sampled_from("110"),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(ROWS, max_size=6), min_size=2, max_size=5), st.randoms())
def test_reading_only_what_is_new_keeps_what_reading_all_keeps(
    hub: Database, said: list[list[dict[str, str]]], dice: Any
) -> None:
    for page in (*said, *dice.sample(said, 2)):
        pull(hub, PERMITS, *page)
        pull(hub, SIGNED, *(signed(row["no"], row["name"]) for row in page))
    assert same_in_both(hub)


def test_a_version_nobody_could_order_by_costs_its_own_row(hub: Database) -> None:
    """An index holds no more than some thousand bytes of it."""
    long = RawRecord(PERMITS, "A-1", b"{}", b"1" * 16, secrets.token_hex(9000))
    page = Page((long, long._replace(key="A-2", version="2024")), "")
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            landed = land_page(connection, jurisdiction, PERMITS, page)
        assert (landed.kept, landed.unreadable) == (1, 1)
    assert rows_of(hub, "SELECT rule FROM memory.unreadable") == [("version.too_long",)] * 2


STRICT = {source: REGISTRY.manifest(source) for source in (SIGNED, PERMITS)}
LOOSE = {source: made.model_copy(update={"volatile": ("name",)}) for source, made in STRICT.items()}
"""The same sources by other rules: another name is no other content."""
STATES = (
    HEADS,
    KEPT,
    COUNTS,
    "SELECT delivery_no, row_no, rule FROM memory.unreadable WHERE jurisdiction = :j ORDER BY 1, 2",
    """SELECT source, live, (SELECT array_agg(key ORDER BY key) FROM memory.head h WHERE h.jurisdiction = d.jurisdiction
    AND h.record_id = ANY(vanished)) FROM ops.held_deletion d WHERE jurisdiction = :j ORDER BY run_id""",
)
KEYS = st.sampled_from(["1", "2", "3", "4", "5", "x" * 600])
WORDS = st.fixed_dictionaries({"no": KEYS, "name": st.sampled_from("甲乙"), "updated": st.sampled_from("12")})
LISTED = st.lists(st.lists(WORDS, max_size=3), min_size=1, max_size=3)
STEPS = st.one_of(
    *[st.tuples(st.just(what), st.integers(0, 2)) for what in ("changes", "full", "read", "full", "again")],
    st.tuples(st.just("push"), st.lists(WORDS, min_size=1, max_size=2)),
    st.tuples(st.just("rename"), st.tuples(KEYS, KEYS)),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("rules"), st.sampled_from([STRICT, LOOSE])),
)


class Told:
    """One source told twice: to the first jurisdiction, and to the second, where no page is ever known."""

    def __init__(self, hub: Database, source: str, pool: list[list[list[dict[str, str]]]]) -> None:
        self.hub, self.source, self.pool = hub, source, pool
        self.manifests, self.runs = STRICT, 0

    def rows(self, said: Sequence[Mapping[str, str]]) -> UnreadRows:
        full = [{**row, "updated": f"2024-09-0{row['updated']} 10:00:00"} for row in said]
        bodies = [json.dumps(row).encode() for row in full]
        return UnreadRows(RowReader(self.manifests[self.source]), bodies)

    def listing(self, what: str, number: int) -> None:
        self.runs += 1
        pages = self.pool[number]
        for place, said in enumerate(pages):
            end = Listing.FULL_END if place == len(pages) - 1 else Listing.FULL
            listing = end if what == "full" else Listing.CHANGES
            for j in JURISDICTIONS:
                rows, manifest = self.rows(said), self.manifests[self.source]
                page = Page(tuple(rows), "", listing)
                if what != "read" and j == FIRST:
                    rows = self.rows(said)
                    page = Page(rows, "", listing, glances=Glances(rows, manifest), said=rows.said(manifest))
                with self.hub.begin() as connection:
                    self.forget(connection)
                    land_page(connection, j, self.source, page, run_id=f"{j}-{self.runs:03}")

    def step(self, what: str, how: Any) -> None:
        if what == "rules":
            self.manifests = how
        elif what == "again":
            self.listing("changes", how)
            self.listing("changes", how)
        elif what in {"changes", "full", "read"}:
            self.listing(what, how)
        else:
            for j in JURISDICTIONS:
                with contextlib.suppress(Conflict), self.hub.begin() as connection:
                    self.forget(connection)
                    self.other_road(connection, j, what, how)

    def other_road(self, connection: Connection, j: int, what: str, how: Any) -> None:
        if what == "rename":
            old, new = how
            rename_key(connection, j, self.source, old, new, "department")
        elif what == "delete":
            delete_records(connection, j, self.source, [record_id(j, self.source, how)], "admin")
        else:
            number = accept_push(connection, j, self.source, uuid4().hex, {}, b"{}", "").delivery
            land_push(connection, j, self.source, number, tuple(self.rows(how)))

    def forget(self, connection: Connection) -> None:
        connection.execute(text("DELETE FROM ops.known_page WHERE jurisdiction = :j"), {"j": SECOND})


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([SIGNED, PERMITS]), st.lists(LISTED, min_size=3, max_size=3), st.lists(STEPS, max_size=12)
)
def test_pages_known_as_a_whole_leave_what_reading_all_of_them_leaves(
    hub: Database,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    pool: list[list[list[dict[str, str]]]],
    steps: list[tuple[str, Any]],
) -> None:
    """Whatever moves the heads meanwhile: pushes, renamed keys, deletions, other rules, other pages."""
    monkeypatch.setattr(land, "SAFE_DELETION", 40)
    with hub.begin() as connection:
        for table in ("known_page", "held_deletion"):
            connection.exec_driver_sql(f"DELETE FROM ops.{table}")
    told = Told(hub, source, pool)
    told.runs = int(rows_of(hub, "SELECT max(landing_no) FROM ops.jurisdiction")[0][0])
    for what, how in steps:
        told.step(what, how)
    for state in STATES:
        assert rows_of(hub, state, j=FIRST) == rows_of(hub, state, j=SECOND)
