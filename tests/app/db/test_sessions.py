from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.db import accounts, sessions
from app.db.accounts import rights
from app.db.session import Database
from app.errors import NotAuthenticated, NotFound
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS
GIVEN = rights(["reader"], [], ["all"])


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, pool_size=2)
    with made.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            accounts.add(connection, jurisdiction, "张", GIVEN, "test")
            sessions.set_password(connection, jurisdiction, "张", f"right {jurisdiction}")
    yield made
    made.close()


def account_of(database: Database, jurisdiction: int = HERE) -> str:
    with database.begin() as connection:
        return next(one.account_id for one in accounts.list_accounts(connection, jurisdiction))


def test_a_name_and_its_password_open_the_account_of_their_own_jurisdiction(database: Database) -> None:
    with database.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            opened = sessions.checked(connection, jurisdiction, "张", f"right {jurisdiction}")
            assert opened == account_of(database, jurisdiction)
        assert sessions.checked(connection, HERE, "张", f"right {THERE}") is None
        assert sessions.checked(connection, HERE, "李", f"right {HERE}") is None
        kept = connection.execute(
            text("SELECT password FROM ops.account WHERE jurisdiction = :j"), {"j": HERE}
        ).scalar_one()
    assert kept.startswith("$argon2")
    assert "right" not in kept


def test_five_failures_lock_an_account_for_a_quarter_of_an_hour_and_no_other(database: Database) -> None:
    with database.begin() as connection:
        for _ in range(sessions.MOST_FAILURES):
            assert sessions.checked(connection, HERE, "张", "wrong") is None
        assert sessions.checked(connection, HERE, "张", f"right {HERE}") is None
        assert sessions.checked(connection, THERE, "张", f"right {THERE}") is not None
        connection.execute(
            text(
                "UPDATE ops.account SET locked_until = locked_until - interval '15 minutes' WHERE jurisdiction = :j"
            ),
            {"j": HERE},
        )
        assert sessions.checked(connection, HERE, "张", f"right {HERE}") is not None


def test_four_failures_and_a_right_word_begin_anew(database: Database) -> None:
    with database.begin() as connection:
        for _ in range(2):
            for _ in range(sessions.MOST_FAILURES - 1):
                assert sessions.checked(connection, HERE, "张", "wrong") is None
            assert sessions.checked(connection, HERE, "张", f"right {HERE}") is not None


@pytest.mark.parametrize(("column", "ago"), [("seen_at", "31 minutes"), ("begun_at", "481 minutes")])
def test_a_session_ends_by_itself(database: Database, column: str, ago: str) -> None:
    account_id = account_of(database)
    with database.begin() as connection:
        token = sessions.begin(connection, HERE, account_id)
        account = sessions.authenticate(connection, token)
        assert (account.name, account.credential) == ("张", f"session:{token[5:13]}")
        connection.execute(
            text(f"UPDATE ops.session SET {column} = now() - interval '{ago}' WHERE jurisdiction = :j"),
            {"j": HERE},
        )
        with pytest.raises(NotAuthenticated):
            sessions.authenticate(connection, token)
        sessions.begin(connection, HERE, account_id)
        left = connection.scalars(
            text("SELECT count(*) FROM ops.session WHERE jurisdiction = :j"), {"j": HERE}
        )
        assert left.one() == 1


def test_a_session_ends_with_its_account_a_new_password_and_by_itself(database: Database) -> None:
    account_id = account_of(database)
    with database.begin() as connection:
        first, second, third = (sessions.begin(connection, HERE, account_id) for _ in range(3))
        sessions.end(connection, HERE, sessions.authenticate(connection, first).credential)
        with pytest.raises(NotAuthenticated):
            sessions.authenticate(connection, first)
        assert sessions.authenticate(connection, second)
        sessions.set_password(connection, HERE, "张", "another")
        with pytest.raises(NotAuthenticated):
            sessions.authenticate(connection, second)
        fourth = sessions.begin(connection, HERE, account_id)
        accounts.disable(connection, HERE, "张")
        for token in (third, fourth, "hubs_", "hub_12345678_" + "x" * 43):
            with pytest.raises(NotAuthenticated):
                sessions.authenticate(connection, token)
        for lost in (sessions.set_password, sessions.set_subject):
            with pytest.raises(NotFound):
                lost(connection, HERE, "张", "x")


def test_a_subject_opens_the_account_that_bears_it(database: Database) -> None:
    with database.begin() as connection:
        sessions.set_subject(connection, HERE, "张", "sub-1")
        assert sessions.of_subject(connection, HERE, "sub-1") == account_of(database)
        assert sessions.of_subject(connection, THERE, "sub-1") is None
