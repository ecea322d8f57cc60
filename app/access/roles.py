"""Roles of an account, and what each may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Scope(StrEnum):
    """One thing that may be done; which rows it may be done to is the reach's to say."""

    READ = "read"
    OWN = "own"
    CHECK = "check"
    SYNC = "sync"
    DELETE = "delete"
    RECONCILE = "reconcile"
    REVIEW = "review"
    UNMASK = "unmask"
    OPERATE = "operate"
    ACCOUNTS = "accounts"
    AUDIT = "audit"


class Role(StrEnum):
    """What somebody is to the hub."""

    SENDER = "sender"
    READER = "reader"
    REVIEWER = "reviewer"
    DEPARTMENT_ADMIN = "department_admin"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


EXCLUSIVE = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""Of these an account bears at most one (三员分立): who runs the hub neither lets people in nor watches himself."""

_OWN = {Scope.OWN, Scope.CHECK}
_CARE = {*_OWN, Scope.READ, Scope.SYNC, Scope.DELETE, Scope.RECONCILE}
SCOPES: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.SENDER: frozenset(_OWN),
        Role.READER: frozenset({Scope.READ}),
        Role.REVIEWER: frozenset({Scope.READ, Scope.REVIEW}),
        Role.DEPARTMENT_ADMIN: frozenset({*_CARE, Scope.UNMASK}),
        Role.SYSTEM_ADMIN: frozenset({*_CARE, Scope.OPERATE}),
        Role.SECURITY_ADMIN: frozenset({Scope.ACCOUNTS}),
        Role.AUDIT_ADMIN: frozenset({Scope.AUDIT}),
    }
)
"""What each role may do: the whole of it."""

OF_A_DEPARTMENT = frozenset({Scope.OWN, Scope.REVIEW})
"""What means nothing without a department in the reach."""
OF_A_DISTRICT = frozenset({Scope.OWN, Scope.READ, Scope.REVIEW})
"""What means nothing without a district in the reach."""


def scopes_of(roles: Iterable[Role]) -> frozenset[Scope]:
    """Give all that these roles together may do; no role, nothing."""
    return frozenset().union(*(SCOPES[role] for role in roles))


def compatible(roles: Iterable[Role]) -> bool:
    """Say whether one account may bear these roles together."""
    return len(EXCLUSIVE.intersection(roles)) <= 1


def bearing(scopes: Iterable[Scope]) -> tuple[Role, ...]:
    """Give the roles that may do any of these, to tell a caller which to ask for."""
    wanted = frozenset(scopes)
    return tuple(role for role in Role if SCOPES[role] & wanted)
