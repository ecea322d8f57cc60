from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.db import keys
from app.db.session import Database
from app.errors import BadRequest, NotAuthenticated, NotFound
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, pool_size=2)
    yield made
    made.close()


@pytest.fixture
def tokens(database: Database) -> dict[int, str]:
    """The same key made in both jurisdictions."""
    with database.begin() as connection:
        return {j: keys.add(connection, j, "住建局", ["sync", "sync"]) for j in JURISDICTIONS}


def test_a_token_is_the_key_it_was_made_as(database: Database, tokens: dict[int, str]) -> None:
    with database.begin() as connection:
        for jurisdiction, token in tokens.items():
            key = keys.authenticate(connection, token)
            assert (key.jurisdiction, key.name, key.scopes) == (jurisdiction, "住建局", ("sync",))


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
        key_id = keys.authenticate(connection, tokens[HERE]).key_id
        with pytest.raises(NotFound):
            keys.revoke(connection, THERE, key_id)
        keys.revoke(connection, HERE, key_id)
        keys.revoke(connection, HERE, key_id)
        with pytest.raises(NotAuthenticated):
            keys.authenticate(connection, tokens[HERE])
        assert keys.authenticate(connection, tokens[THERE]).jurisdiction == THERE
        assert keys.list_keys(connection, HERE)[0].revoked_at is not None


@pytest.mark.parametrize(("days", "lives"), [(-1, False), (1, True)])
def test_a_key_lives_until_it_expires(database: Database, days: int, lives: bool) -> None:
    until = datetime.now(UTC) + timedelta(days=days)
    with database.begin() as connection:
        token = keys.add(connection, HERE, "x", expires_at=until)
        if lives:
            assert keys.authenticate(connection, token).expires_at == until
        else:
            with pytest.raises(NotAuthenticated):
                keys.authenticate(connection, token)


def test_its_use_is_noted(database: Database, tokens: dict[int, str]) -> None:
    with database.begin() as connection:
        keys.authenticate(connection, tokens[HERE])
    with database.read() as connection:
        assert keys.list_keys(connection, HERE)[0].used_at is not None
        assert keys.list_keys(connection, THERE)[0].used_at is None


@pytest.mark.parametrize(("name", "scopes"), [("x", ["everything"]), (" ", [])])
def test_a_key_is_for_somebody_and_for_something_known(
    database: Database, name: str, scopes: list[str]
) -> None:
    with database.begin() as connection, pytest.raises(BadRequest):
        keys.add(connection, HERE, name, scopes)


def test_admin_may_do_everything() -> None:
    made = datetime.now(UTC)
    assert keys.Key(HERE, "k", "x", ("admin",), made).may("judge")
    assert not keys.Key(HERE, "k", "x", ("sync",), made).may("judge")
