from __future__ import annotations

from itertools import combinations

import pytest

from app.access.account import Account
from app.access.reach import Reach
from app.access.roles import EXCLUSIVE, SCOPES, Role, Scope, bearing, compatible, scopes_of


def test_every_role_may_something_and_every_thing_may_be_done_by_somebody() -> None:
    assert set(SCOPES) == set(Role)
    assert all(SCOPES.values())
    assert scopes_of(Role) == set(Scope)
    assert scopes_of([]) == set()


def test_of_the_three_admins_nobody_is_two_and_beside_one_anybody_may_be_anything() -> None:
    assert all(not compatible(two) for two in combinations(EXCLUSIVE, 2))
    assert all(compatible({admin, Role.REVIEWER, Role.SENDER}) for admin in EXCLUSIVE)


@pytest.mark.parametrize(("one", "other"), list(combinations(sorted(EXCLUSIVE), 2)))
def test_no_admin_can_do_what_is_another_s(one: Role, other: Role) -> None:
    assert not SCOPES[one] & SCOPES[other]


def test_who_lets_people_in_sees_no_project_and_who_watches_changes_nothing() -> None:
    assert SCOPES[Role.SECURITY_ADMIN] == {Scope.ACCOUNTS}
    assert SCOPES[Role.AUDIT_ADMIN] == {Scope.AUDIT}


def test_a_refused_caller_is_told_which_roles_may() -> None:
    assert bearing([Scope.REVIEW]) == (Role.REVIEWER,)
    assert Role.SYSTEM_ADMIN in bearing([Scope.SYNC])


def test_an_account_may_what_one_of_its_roles_may() -> None:
    account = Account(430200, "a", "张", frozenset({Role.READER, Role.SENDER}), Reach(), "key:x")
    assert account.may([Scope.READ])
    assert account.may([Scope.REVIEW, Scope.OWN])
    assert not account.may([Scope.REVIEW])
    assert not account.may([])
