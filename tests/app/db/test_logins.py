from __future__ import annotations

import pytest
from sqlalchemy import text

from app.db import accounts, logins, sessions
from app.db.accounts import rights
from app.db.session import Database
from app.errors import Conflict, NotAuthenticated, NotFound
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS
GIVEN = rights(["reader"], [], ["all"])


@pytest.fixture(autouse=True)
def people(database: Database) -> dict[int, str]:
    """The account of the same name in each jurisdiction, each with a password of its own."""
    made = {}
    with database.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            made[jurisdiction] = accounts.add(connection, jurisdiction, "张", GIVEN, "test")
            logins.set_password(connection, jurisdiction, "张", f"right {jurisdiction}")
    return made


def test_a_name_and_its_password_open_the_account_of_their_own_jurisdiction(
    database: Database, people: dict[int, str]
) -> None:
    with database.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            opened = logins.checked(connection, jurisdiction, "张", f"right {jurisdiction}")
            assert opened == people[jurisdiction]
        assert logins.checked(connection, HERE, "张", f"right {THERE}") is None
        assert logins.checked(connection, HERE, "李", f"right {HERE}") is None
        kept = connection.execute(
            text("SELECT password FROM ops.account WHERE jurisdiction = :j"), {"j": HERE}
        ).scalar_one()
    assert kept.startswith("$argon2")
    assert "right" not in kept


def test_five_failures_lock_an_account_for_a_quarter_of_an_hour_and_no_other(database: Database) -> None:
    with database.begin() as connection:
        for _ in range(logins.MOST_FAILURES):
            assert logins.checked(connection, HERE, "张", "wrong") is None
        assert logins.checked(connection, HERE, "张", f"right {HERE}") is None
        assert logins.checked(connection, THERE, "张", f"right {THERE}") is not None
        connection.execute(
            text(
                "UPDATE ops.account SET locked_until = locked_until - interval '15 minutes' WHERE jurisdiction = :j"
            ),
            {"j": HERE},
        )
        assert logins.checked(connection, HERE, "张", f"right {HERE}") is not None


def test_four_failures_and_a_right_word_begin_anew(database: Database) -> None:
    with database.begin() as connection:
        for _ in range(2):
            for _ in range(logins.MOST_FAILURES - 1):
                assert logins.checked(connection, HERE, "张", "wrong") is None
            assert logins.checked(connection, HERE, "张", f"right {HERE}") is not None


def test_a_subject_opens_the_account_that_bears_it_and_no_second_one(
    database: Database, people: dict[int, str]
) -> None:
    with database.begin() as connection:
        logins.set_subject(connection, HERE, "张", "sub-1")
        assert logins.of_subject(connection, HERE, "sub-1") == people[HERE]
        assert logins.of_subject(connection, THERE, "sub-1") is None
        logins.set_subject(connection, THERE, "张", "sub-1")
        accounts.add(connection, HERE, "李", GIVEN, "test")
    with database.begin() as connection, pytest.raises(Conflict, match="another account"):
        logins.set_subject(connection, HERE, "李", "sub-1")


def test_who_comes_in_otherwise_from_now_on_is_out_of_what_was_open(
    database: Database, people: dict[int, str]
) -> None:
    with database.begin() as connection:
        for change in (logins.set_password, logins.set_subject):
            mine, other = (sessions.begin(connection, j, account) for j, account in people.items())
            change(connection, HERE, "张", "another")
            with pytest.raises(NotAuthenticated):
                sessions.authenticate(connection, mine)
            assert sessions.authenticate(connection, other).jurisdiction == THERE
        accounts.disable(connection, HERE, "张")
        for change in (logins.set_password, logins.set_subject):
            with pytest.raises(NotFound):
                change(connection, HERE, "张", "x")


def test_a_login_on_its_way_is_taken_once_and_within_ten_minutes(database: Database) -> None:
    with database.begin() as connection:
        for state in ("one", "late"):
            logins.begin_login(connection, HERE, state, "nonce", "verifier")
        assert logins.take_login(connection, THERE, "one") is None
        assert logins.take_login(connection, HERE, "one") == ("one", "nonce", "verifier")
        assert logins.take_login(connection, HERE, "one") is None
        connection.execute(
            text("UPDATE ops.login SET begun_at = begun_at - interval '11 minutes' WHERE jurisdiction = :j"),
            {"j": HERE},
        )
        assert logins.take_login(connection, HERE, "late") is None
