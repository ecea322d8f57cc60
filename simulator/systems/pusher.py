"""Housing's push of permit events: signed after Standard Webhooks, repeated until the hub has taken them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simulator.model import Row
from simulator.records.housing import EVENTS

if TYPE_CHECKING:
    import httpx

PER_MESSAGE = 100
_WAITS = (0.2, 0.5, 1.0, 2.0)
_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class Pushed(NamedTuple):
    """What one round did: events taken, events still waiting and why, if any wait; `total` counts all ever taken."""

    acked: int
    waiting: int
    problem: str
    total: int


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of a message: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Pusher:
    """Keeps what was not yet taken; a journal of taken event ids outlives the process."""

    def __init__(self, hub_url: str, secret: str, journal: Path) -> None:
        self._url = f"{hub_url.rstrip('/')}/api/v1/hooks/{EVENTS}"
        self._secret = secret
        self._journal = journal
        self._acked = set(journal.read_text().split()) if journal.exists() else set()
        self._waiting: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def add(self, rows: Iterable[Row]) -> None:
        """Puts the events among the rows into the queue, in the order they happened."""
        fresh = [row for row in rows if row.source == EVENTS and row.key not in self._acked]
        with self._lock:
            self._waiting |= {row.key: row.values for row in sorted(fresh, key=lambda row: (row.at, row.key))}

    def push(self, waits: Sequence[float] = _WAITS) -> Pushed:
        """Sends all waiting events, trying again after each of `waits` seconds; what is not taken stays in the queue."""
        import httpx

        acked, problem = 0, ""
        with self._lock, httpx.Client(timeout=30, trust_env=False) as client:
            while self._waiting and not problem:
                part = list(self._waiting)[:PER_MESSAGE]
                problem = self._deliver(client, [self._waiting[key] for key in part], waits)
                if not problem:
                    self._take(part)
                    acked += len(part)
            return Pushed(acked, len(self._waiting), problem, len(self._acked))

    def _deliver(self, client: httpx.Client, records: list[dict[str, str]], waits: Sequence[float]) -> str:
        """Empty when the hub took the message, else what stood against it."""
        import httpx

        body = json.dumps({"records": records}, ensure_ascii=False, separators=(",", ":")).encode()
        message_id = "msg_" + hashlib.sha256(body).hexdigest()[:24]
        problem = ""
        for wait in (*waits, None):
            now = int(time.time())
            headers = {
                "content-type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(now),
                "webhook-signature": sign(self._secret, message_id, now, body),
            }
            try:
                answer = client.post(self._url, content=body, headers=headers)
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
            else:
                if answer.is_success:
                    return ""
                problem = f"HTTP {answer.status_code}: {answer.text[:200]}"
                if answer.status_code not in _AGAIN:
                    return problem
            if wait is not None:
                time.sleep(wait)
        return problem

    def _take(self, keys: list[str]) -> None:
        for key in keys:
            del self._waiting[key]
        self._acked.update(keys)
        with self._journal.open("a") as journal:
            journal.writelines(key + "\n" for key in keys)

    @property
    def waiting(self) -> int:
        """How many events are not yet taken."""
        return len(self._waiting)
