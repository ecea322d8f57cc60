from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.access.reach import EVERYWHERE
from app.access.roles import Role
from app.db import accounts
from app.db.accounts import rights
from app.db.session import Database
from app.db.tables.access import KNOWN_ROLES
from app.errors import BadRequest, Conflict, NotFound
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS


@pytest.mark.parametrize(
    ("roles", "departments", "districts"),
    [
        ([], ["all"], ["all"]),
        (["everything"], ["all"], ["all"]),
        (["system_admin", "audit_admin"], ["all"], ["all"]),
        (["sender"], ["Housing"], ["all"]),
        (["sender"], [], ["all"]),
        (["reader"], [], []),
        (["reader"], [], ["999999"]),
        (["reviewer"], [], ["all"]),
    ],
)
def test_rights_nobody_can_have_or_that_reach_nothing_are_refused(
    roles: Sequence[str], departments: Sequence[str], districts: Sequence[str]
) -> None:
    with pytest.raises(BadRequest):
        rights(roles, departments, districts)


def test_all_is_every_department_and_district() -> None:
    assert rights(["system_admin"], ["all", "housing"], ["*"]).reach == EVERYWHERE
    assert rights(["audit_admin"]).roles == {Role.AUDIT_ADMIN}


@pytest.mark.parametrize(
    "roles", [["system_admin", "security_admin"], ["audit_admin", "security_admin", "reader"], ["root"]]
)
def test_the_database_too_keeps_the_three_admins_apart(database: Database, roles: list[str]) -> None:
    with database.begin() as connection:
        accounts.add(connection, HERE, "张", rights(["reader"], [], ["all"]), "test")
    with pytest.raises(IntegrityError, match="ck_account"), database.begin() as connection:
        connection.execute(
            text("UPDATE ops.account SET roles = :roles WHERE jurisdiction = :j"), {"roles": roles, "j": HERE}
        )


def test_code_and_database_know_the_same_roles() -> None:
    assert set(KNOWN_ROLES) == set(Role)


def test_a_name_is_one_account_in_each_jurisdiction_and_its_rights_can_change(database: Database) -> None:
    first, second = rights(["reader"], [], ["430204"]), rights(["reviewer"], ["housing"], ["all"])
    with database.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            accounts.add(connection, jurisdiction, " 张 ", first, "test")
        with pytest.raises(Conflict):
            accounts.add(connection, HERE, "张", second, "test")
        accounts.change(connection, HERE, "张", second)
        assert [one.rights for one in accounts.list_accounts(connection, HERE)] == [second]
        assert [one.rights for one in accounts.list_accounts(connection, THERE)] == [first]
        for lost in (accounts.disable, accounts.hold):
            with pytest.raises(NotFound):
                lost(connection, HERE, "李")
        with pytest.raises(NotFound):
            accounts.change(connection, HERE, "李", second)
        accounts.disable(connection, HERE, "张")
        with pytest.raises(NotFound):
            accounts.hold(connection, HERE, "张")
        with pytest.raises(BadRequest):
            accounts.add(connection, HERE, " ", first, "test")


def test_a_role_of_another_version_gives_nothing() -> None:
    assert accounts.rights_of(["reader", "emperor"], ["*"], ["*"]).roles == {Role.READER}
