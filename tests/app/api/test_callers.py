from __future__ import annotations

import pytest

from app.api import callers
from app.api.callers import LIFE_SECONDS, Callers
from app.db import keys
from app.db.accounts import rights
from app.db.session import Database
from app.errors import NotAuthenticated, TooMany
from tests.support.database import JURISDICTIONS

CLERK = rights(["reader"], [], ["all"])


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tokens(database: Database) -> dict[int, str]:
    with database.begin() as connection:
        return {j: keys.add(connection, j, "张", CLERK, by="test") for j in JURISDICTIONS}


def test_a_token_is_asked_about_once_and_a_revoked_one_ends_within_seconds(
    database: Database, tokens: dict[int, str]
) -> None:
    clock, (here, there) = Clock(), JURISDICTIONS
    known = Callers(database, clock=clock)
    assert {j: known.of(token, "a").jurisdiction for j, token in tokens.items()} == {here: here, there: there}
    with database.begin() as connection:
        keys.revoke(connection, here, tokens[here][4:12])
    assert known.known(tokens[here]) is not None
    assert LIFE_SECONDS <= 5
    clock.now += LIFE_SECONDS
    assert known.known(tokens[here]) is None
    with pytest.raises(NotAuthenticated):
        known.of(tokens[here], "a")
    assert known.of(tokens[there], "a").jurisdiction == there


def test_what_was_refused_is_asked_again_and_what_was_changed_here_is_forgotten_at_once(
    database: Database, tokens: dict[int, str]
) -> None:
    known, token = Callers(database, clock=Clock()), tokens[JURISDICTIONS[0]]
    with pytest.raises(NotAuthenticated):
        known.of("hub_12345678_" + "x" * 43, "a")
    assert known.known("hub_12345678_" + "x" * 43) is None
    known.of(token, "a")
    known.forget()
    assert known.known(token) is None


def test_no_more_than_a_bounded_number_is_remembered(
    database: Database, tokens: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "MOST_KNOWN", 1)
    known, (first, second) = Callers(database, clock=Clock()), tokens.values()
    known.of(first, "a")
    known.of(second, "a")
    assert known.known(first) is None
    assert known.known(second) is not None


def test_an_address_that_is_refused_again_and_again_is_told_to_wait_and_others_are_not(
    database: Database, tokens: dict[int, str]
) -> None:
    clock, wrong = Clock(), "hub_12345678_" + "x" * 43
    known = Callers(database, clock=clock)
    for _ in range(callers.REFUSALS_AT_ONCE):
        with pytest.raises(NotAuthenticated):
            known.of(wrong, "a")
    with pytest.raises(TooMany) as told:
        known.of(tokens[JURISDICTIONS[0]], "a")
    assert told.value.seconds == 1
    assert known.of(tokens[JURISDICTIONS[0]], "b")
    clock.now += 2
    assert known.of(tokens[JURISDICTIONS[1]], "a")


def test_a_key_beyond_its_pace_is_told_to_wait_and_another_key_is_not(
    database: Database, tokens: dict[int, str]
) -> None:
    known = Callers(database, 2, clock=Clock())
    one, other = (known.of(token, "a") for token in tokens.values())
    for _ in range(4):
        known.count(one)
    with pytest.raises(TooMany):
        known.count(one)
    known.count(other)
