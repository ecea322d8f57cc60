from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.db import accounts, keys
from app.db.accounts import rights
from app.db.session import Database
from app.errors import Conflict, NotAuthenticated, NotFound
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS
CLERK = rights(["sender"], ["housing"], ["all"])


@pytest.fixture
def tokens(database: Database) -> dict[int, str]:
    """The same key made in both jurisdictions."""
    with database.begin() as connection:
        return {j: keys.add(connection, j, "住建局", CLERK, by="test") for j in JURISDICTIONS}


def test_a_token_is_the_key_it_was_made_as(database: Database, tokens: dict[int, str]) -> None:
    with database.begin() as connection:
        for jurisdiction, token in tokens.items():
            account = keys.authenticate(connection, token)
            assert (account.jurisdiction, account.name) == (jurisdiction, "住建局")
            assert (account.roles, account.reach) == (CLERK.roles, CLERK.reach)
            assert account.credential == f"key:{token[4:12]}"


def test_only_its_hash_is_kept(database: Database, tokens: dict[int, str]) -> None:
    with database.read() as connection:
        kept = str(
            connection.execute(text("SELECT * FROM ops.api_key WHERE jurisdiction = :j"), {"j": HERE}).all()
        )
        shown = str(keys.list_keys(connection, HERE))
    secret = tokens[HERE][13:]
    assert secret not in kept
    assert secret not in shown


@pytest.mark.parametrize("bad", ["", "hub_", "x" * 56, "hub_12345678_" + "x" * 43, "hub_\0", "钥匙"])
def test_what_is_no_key_is_refused(database: Database, bad: str) -> None:
    with database.begin() as connection, pytest.raises(NotAuthenticated):
        keys.authenticate(connection, bad)


def test_a_key_with_another_secret_is_refused(database: Database, tokens: dict[int, str]) -> None:
    mine, other = tokens.values()
    with database.begin() as connection, pytest.raises(NotAuthenticated):
        keys.authenticate(connection, mine[:13] + other[13:])


def test_a_revoked_key_is_refused_at_once_and_others_are_not(
    database: Database, tokens: dict[int, str]
) -> None:
    with database.begin() as connection:
        key_id = tokens[HERE][4:12]
        keys.authenticate(connection, tokens[HERE])
        with pytest.raises(NotFound):
            keys.revoke(connection, THERE, key_id)
        keys.revoke(connection, HERE, key_id)
        keys.revoke(connection, HERE, key_id)
        with pytest.raises(NotAuthenticated):
            keys.authenticate(connection, tokens[HERE])
        assert keys.authenticate(connection, tokens[THERE]).jurisdiction == THERE
        assert keys.list_keys(connection, HERE)[0].revoked_at is not None


@pytest.mark.parametrize(
    ("begins", "expires", "lives"),
    [(None, -1, False), (None, 1, True), (-1, None, True), (1, None, False), (-1, 1, True), (1, 2, False)],
)
def test_a_key_lives_from_the_day_it_begins_until_it_expires(
    database: Database, begins: int | None, expires: int | None, lives: bool
) -> None:
    since, until = (
        None if days is None else datetime.now(UTC) + timedelta(days=days) for days in (begins, expires)
    )
    with database.begin() as connection:
        token = keys.add(connection, HERE, "x", CLERK, by="test", begins_at=since, expires_at=until)
        [shown] = keys.list_keys(connection, HERE)
        assert (shown.begins_at, shown.expires_at) == (since, until)
        if lives:
            assert keys.authenticate(connection, token).name == "x"
        else:
            with pytest.raises(NotAuthenticated):
                keys.authenticate(connection, token)


def test_its_use_is_noted(database: Database, tokens: dict[int, str]) -> None:
    with database.begin() as connection:
        keys.authenticate(connection, tokens[HERE])
    with database.read() as connection:
        assert keys.list_keys(connection, HERE)[0].used_at is not None
        assert keys.list_keys(connection, THERE)[0].used_at is None


def test_an_account_has_a_key_and_one_that_follows_it_and_no_third(
    database: Database, tokens: dict[int, str]
) -> None:
    with database.begin() as connection:
        second = keys.follow(connection, HERE, "住建局")
        assert {keys.authenticate(connection, one).account_id for one in (tokens[HERE], second)} == {
            keys.authenticate(connection, second).account_id
        }
        with pytest.raises(Conflict):
            keys.follow(connection, HERE, "住建局")
        keys.revoke(connection, HERE, tokens[HERE][4:12])
        keys.follow(connection, HERE, "住建局")
        assert keys.follow(connection, THERE, "住建局") != second
        with pytest.raises(NotFound):
            keys.follow(connection, HERE, "商务局")


def test_with_its_account_a_key_ends(database: Database, tokens: dict[int, str]) -> None:
    with database.begin() as connection:
        accounts.disable(connection, HERE, "住建局")
        with pytest.raises(NotAuthenticated):
            keys.authenticate(connection, tokens[HERE])
        assert keys.authenticate(connection, tokens[THERE]).jurisdiction == THERE
        assert keys.list_keys(connection, HERE)[0].revoked_at is not None
