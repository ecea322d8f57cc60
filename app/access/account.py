"""Who is asking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.access.reach import Reach
from app.access.roles import Role, Scope, scopes_of


@dataclass(frozen=True, slots=True)
class Account:
    """A living account as it calls: whose it is, where, in which roles, which rows it reaches, and by which credential."""

    jurisdiction: int
    account_id: str
    name: str
    roles: frozenset[Role]
    reach: Reach
    credential: str

    @property
    def scopes(self) -> frozenset[Scope]:
        """Give all it may do."""
        return scopes_of(self.roles)

    def may(self, scopes: Iterable[Scope]) -> bool:
        """Say whether it may do any one of these."""
        return not self.scopes.isdisjoint(scopes)
