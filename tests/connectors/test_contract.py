from __future__ import annotations

import pytest

from connectors.personal import holds_persons
from connectors.registry import discover
from connectors.testing import broken, check, feeds
from schemas.lifecycle import Rank
from schemas.tables import milestones


@pytest.mark.parametrize("feed", feeds())
def test_every_feed_keeps_the_contract(feed: str) -> None:
    assert broken(check(feed)) == []


FOUND = discover()


@pytest.mark.parametrize("feed", feeds())
def test_no_feed_takes_a_person_from_its_rows(feed: str) -> None:
    made = FOUND.manifest(feed)
    assert {name for name in made.known_columns() if holds_persons(name)} <= set(made.persons)
    assert not set(made.persons).intersection(made.mapped_columns())


@pytest.mark.parametrize("feed", feeds())
def test_only_the_owner_of_a_milestone_proves_it_by_its_own_word(feed: str) -> None:
    made = FOUND.manifest(feed)
    strong = {rule.milestone for rule in made.evidence if rule.rank in {Rank.A, Rank.B}}
    assert {code for code in strong if milestones()[code].owner != made.department} == set()


@pytest.mark.parametrize("feed", feeds())
def test_parts_hang_on_a_feed_of_projects_by_that_feeds_key(feed: str) -> None:
    parent = FOUND.manifest(feed).parent
    if parent is not None:
        above = FOUND.manifest(parent.source)
        assert above.parent is None, "a part has no parts: nothing would ever look below it"
        assert above.identity.columns == (parent.key,)
