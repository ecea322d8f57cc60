"""What a whole listing no longer names: little is gone, much waits for a word, and a later listing corrects both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.db.session import Database
from app.pipeline.land import delete_records, land_page
from schemas.ids import record_id
from schemas.records import Listing, Page
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.landed import land, live, rows, settle
from tests.support.small_city import permit, signed

SIGNED, PERMITS = "commerce.signed", "housing.permits"


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


FORTY = [signed(str(n), f"某第{n}号厂房", code="") for n in range(40)]


def test_what_a_whole_listing_no_longer_names_is_gone_if_it_is_little(hub: Database) -> None:
    land(hub, SIGNED, *FORTY, run="w1")
    landed = land(hub, SIGNED, *FORTY[2:], run="w2")
    assert (landed.received, landed.kept, landed.unchanged, landed.held_back) == (40, 2, 38, 0)
    settle(hub)
    assert {key for key, lives in live(hub).items() if not lives} == {"0", "1"}
    back = land(hub, SIGNED, *FORTY, run="w3")
    assert (back.kept, back.unchanged) == (2, 38)
    settle(hub)
    assert all(live(hub).values())
    assert rows_of(hub, "SELECT count(*) FROM ops.listing_seen") == [(0,)]


def test_more_than_five_percent_vanished_wait_for_an_admins_word(hub: Database) -> None:
    land(hub, SIGNED, *FORTY, run="w1")
    landed = land(hub, SIGNED, *FORTY[3:], run="w2")
    assert (landed.kept, landed.held_back) == (0, 3)
    settle(hub)
    assert all(live(hub).values())
    for jurisdiction in JURISDICTIONS:
        [(vanished, known)] = rows_of(
            hub, "SELECT vanished, live FROM ops.held_deletion WHERE jurisdiction = :j", j=jurisdiction
        )
        assert sorted(vanished) == sorted(record_id(jurisdiction, SIGNED, str(n)) for n in range(3))
        assert known == 40
        with hub.begin() as connection:
            assert delete_records(connection, jurisdiction, SIGNED, vanished, "admin").kept == 3
        with hub.begin() as connection:
            assert delete_records(connection, jurisdiction, SIGNED, vanished, "admin").kept == 0
    settle(hub)
    assert {key for key, lives in live(hub).items() if not lives} == {"0", "1", "2"}


def test_a_listing_of_several_pages_deletes_only_at_its_clean_end(hub: Database) -> None:
    land(hub, SIGNED, *FORTY, run="w1")
    for jurisdiction in JURISDICTIONS:
        for part, listing in ((FORTY[1:20], Listing.FULL), (FORTY[20:], Listing.FULL_END)):
            with hub.begin() as connection:
                page = Page(rows(SIGNED, *part), "", listing)
                landed = land_page(connection, jurisdiction, SIGNED, page, run_id="w2")
            assert landed.kept == (listing is Listing.FULL_END)
    settle(hub)
    assert [key for key, lives in live(hub).items() if not lives] == ["0"]


def test_changes_never_delete_by_absence(hub: Database) -> None:
    land(hub, SIGNED, *FORTY, run="w1")
    assert land(hub, SIGNED, FORTY[0]).kept == 0
    settle(hub)
    assert all(live(hub).values())


def test_a_record_of_a_versioned_listing_that_comes_back_unchanged_lives_and_may_vanish_again(
    hub: Database,
) -> None:
    """Absence takes the head's version, so what returns has no higher one: being listed outweighs having been absent."""
    whole = [permit(str(n), f"某第{n}号厂房", code="") for n in range(30)]
    land(hub, PERMITS, *whole, run="w0")
    for round_ in range(2):
        assert land(hub, PERMITS, *whole[1:], run=f"gone-{round_}").kept == 1
        settle(hub)
        assert live(hub)["0"] is False
        assert land(hub, PERMITS, *whole, run=f"back-{round_}").kept == 1
        settle(hub)
        assert live(hub)["0"] is True


def test_a_later_listing_of_one_run_settles_what_an_earlier_one_held_back(hub: Database) -> None:
    """A folder may hold several weeks: what counts is the newest list, not the oldest that was found short."""
    land(hub, SIGNED, *FORTY, run="w1")
    land(hub, SIGNED, *FORTY[5:], run="w2")
    assert rows_of(hub, "SELECT cardinality(vanished) FROM ops.held_deletion") == [(5,), (5,)]
    land(hub, SIGNED, *FORTY[3:], run="w2")
    assert rows_of(hub, "SELECT cardinality(vanished) FROM ops.held_deletion") == [(3,), (3,)]
