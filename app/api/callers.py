"""Whose key a token is, remembered for seconds: a key that was taken back ends within them, in every process."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from math import ceil

from app.access.account import Account
from app.access.pace import Pace
from app.db import calls, keys, sessions
from app.db.session import Database
from app.errors import NotAuthenticated, TooMany

LIFE_SECONDS = 3.0
MOST_KNOWN = 10_000
REFUSALS_PER_SECOND, REFUSALS_AT_ONCE = 1.0, 100
"""Refused tokens of one address: each costs a look at the database."""


class Callers:
    """The accounts of the tokens seen lately; refused tokens are never remembered."""

    def __init__(
        self, database: Database, rate: float = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._clock = database, clock
        self._calls = Pace(rate, ceil(2 * rate)) if rate else None
        self._refusals = Pace(REFUSALS_PER_SECOND, REFUSALS_AT_ONCE)
        self._known: dict[bytes, tuple[float, Account]] = {}

    def known(self, token: str) -> Account | None:
        """Give the account of a token seen within the last seconds, without asking the database; None for any other."""
        until, account = self._known.get(_name(token), (0.0, None))
        return account if self._clock() < until else None

    def of(self, token: str, address: str) -> Account:
        """Give the account of a token; raise NotAuthenticated, and TooMany for an address that was refused too often."""
        account = self.known(token)
        if account is None:
            began = self._clock()
            self.check_address(address)
            find = sessions.authenticate if token.startswith("hubs_") else keys.authenticate
            try:
                account = calls.write(self._database, find, token)
            except NotAuthenticated:
                self.refused(address)
                raise
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[_name(token)] = began + LIFE_SECONDS, account
        return account

    def check_address(self, address: str) -> None:
        """Raise TooMany for an address that was refused too often of late."""
        if waits := self._refusals.waits(address, self._clock()):
            raise TooMany("too many keys or passwords of this address were refused; check them", waits)

    def refused(self, address: str) -> None:
        """Count a refusal of an address."""
        self._refusals.take(address, self._clock())

    def count(self, account: Account) -> None:
        """Count a call of an account's key; raise TooMany beyond its pace."""
        if self._calls and (waits := self._calls.take(account.credential, self._clock())):
            raise TooMany("this key calls too often", waits)

    def forget(self) -> None:
        """Remember nobody: a key or account was just changed here."""
        self._known.clear()


def _name(token: str) -> bytes:
    """A token's hash: what is remembered is no secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
