"""Whose key a token is, remembered for seconds: a key that was taken back ends within them, in every process."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from app.access.account import Account
from app.db import calls, keys
from app.db.session import Database

LIFE_SECONDS = 3.0
MOST_KNOWN = 10_000


class Callers:
    """The accounts of the tokens seen lately; refused tokens are never remembered."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._clock = database, clock
        self._known: dict[bytes, tuple[float, Account]] = {}

    def known(self, token: str) -> Account | None:
        """Give the account of a token seen within the last seconds, without asking the database; None for any other."""
        until, account = self._known.get(_name(token), (0.0, None))
        return account if self._clock() < until else None

    def of(self, token: str) -> Account:
        """Give the account of a token; raise NotAuthenticated."""
        account = self.known(token)
        if account is None:
            began = self._clock()
            account = calls.write(self._database, keys.authenticate, token)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[_name(token)] = began + LIFE_SECONDS, account
        return account

    def forget(self) -> None:
        """Remember nobody: a key or account was just changed here."""
        self._known.clear()


def _name(token: str) -> bytes:
    """A token's hash: what is remembered is no secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
