from __future__ import annotations

import pytest
from sqlalchemy import text

from app.db import accounts, sessions
from app.db.accounts import rights
from app.db.session import Database
from app.errors import NotAuthenticated
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS
GIVEN = rights(["reader"], [], ["all"])


@pytest.fixture
def account_id(database: Database) -> str:
    """An account here; in the other jurisdiction stands one of the same name."""
    with database.begin() as connection:
        here, _ = (accounts.add(connection, j, "张", GIVEN, "test") for j in JURISDICTIONS)
    return here


@pytest.mark.parametrize(("column", "ago"), [("seen_at", "31 minutes"), ("begun_at", "481 minutes")])
def test_a_session_ends_by_itself(database: Database, account_id: str, column: str, ago: str) -> None:
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


def test_a_session_ends_by_its_name_with_all_of_its_account_and_with_the_account(
    database: Database, account_id: str
) -> None:
    with database.begin() as connection:
        first, second, third = (sessions.begin(connection, HERE, account_id) for _ in range(3))
        sessions.end(connection, HERE, sessions.authenticate(connection, first).credential)
        with pytest.raises(NotAuthenticated):
            sessions.authenticate(connection, first)
        assert sessions.authenticate(connection, second)
        sessions.end_all(connection, HERE, account_id)
        with pytest.raises(NotAuthenticated):
            sessions.authenticate(connection, second)
        fourth = sessions.begin(connection, HERE, account_id)
        accounts.disable(connection, HERE, "张")
        for token in (third, fourth, "hubs_", "hub_12345678_" + "x" * 43):
            with pytest.raises(NotAuthenticated):
                sessions.authenticate(connection, token)
