"""Who sends: claims subscriptions for which something waits, and posts their messages in order, one receiver a thread.

What is promised: every change that a subscription asks for is posted at least once, in the order of its number; a message
that is not taken holds back those behind it until it is taken or given up. Other receivers do not wait for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from app.db import calls, jurisdictions, messages
from app.db.messages import Claimed, LeaseLost, Message
from app.db.session import Database
from app.outbound.schedule import FAILING_DAYS, wait_after
from connectors.signatures import sign
from connectors.transports.sending import Sent, post

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 15.0
LEASE_SECONDS = 60
"""Longer than three attempts; each one renews it."""
TURN_SECONDS = 10.0
"""How long a receiver that keeps up may be posted to before the others get their turn."""
SLOW_MILLISECONDS = 2_000
QUICK, SLOW = 12, 4
"""Threads for receivers that answer quickly, and for those that last failed or took their time."""


class Sender:
    """One replica's threads for sending; who is slow or fails takes none from those who are quick."""

    def __init__(
        self,
        database: Database,
        *,
        quick: int = QUICK,
        slow: int = SLOW,
        deadline: float = DEADLINE_SECONDS,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.database, self.deadline, self.stopping = database, deadline, stopping
        self._pool = ThreadPoolExecutor(quick + slow, thread_name_prefix="send")
        self._free = {False: quick, True: slow}
        self._lock = threading.Lock()

    def beat(self) -> None:
        """Begin to send what waits, as far as threads are free; does not wait for its end."""
        with self.database.read() as connection:
            known = jurisdictions.known(connection)
        for jurisdiction in known:
            for slow in (False, True):
                free = self._free[slow]
                if not free or self.stopping():
                    continue
                with self.database.begin() as connection:
                    claimed = messages.claim(connection, jurisdiction, LEASE_SECONDS, slow=slow, n=free)
                for one in claimed:
                    with self._lock:
                        self._free[slow] -= 1
                    self._pool.submit(self._turn, one, slow)

    def close(self) -> None:
        """Let attempts that are under way end."""
        self._pool.shutdown(wait=True)

    def _turn(self, claimed: Claimed, slow: bool) -> None:
        try:
            turn(self.database, claimed, deadline=self.deadline, stopping=self.stopping)
        except LeaseLost:
            log.warning("a subscription was taken over", extra={"facts": {"id": claimed.subscription_id}})
        except Exception as error:
            facts = {"subscription": claimed.subscription_id}
            if calls.unavailable(error) is None:
                log.exception(
                    "sending failed; its lease runs out and it is tried again", extra={"facts": facts}
                )
        finally:
            with self._lock:
                self._free[slow] += 1


def turn(
    database: Database,
    claimed: Claimed,
    *,
    deadline: float = DEADLINE_SECONDS,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Post the messages of a claimed subscription until none waits, one is not taken, or others wait for their turn.

    Gives how many were taken. Raises LeaseLost when another worker has the subscription.
    """
    until, taken = time.monotonic() + TURN_SECONDS, 0
    while True:
        with database.begin() as connection:
            message = messages.following(connection, claimed, LEASE_SECONDS)
        if message is None:
            return taken
        sent = post(message.url, headers_for(message, int(time.time())), message.body.encode(), deadline)
        slow = not sent.well or sent.milliseconds > SLOW_MILLISECONDS
        taken += sent.well
        goes_on = not slow and time.monotonic() < until and not stopping()
        with database.begin() as connection:
            messages.note(connection, claimed, message, _outcome(message, sent), slow=slow, goes_on=goes_on)
        if not goes_on:
            return taken


def headers_for(message: Message, now: int) -> dict[str, str]:
    """Give the headers of Standard Webhooks for an attempt: the id is the message's, the moment the attempt's."""
    signatures = (sign(secret, message.message_id, now, message.body.encode()) for secret in message.secrets)
    return {
        "Content-Type": "application/json",
        "User-Agent": "lifecycle-hub",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }


def _outcome(message: Message, sent: Sent) -> messages.Outcome:
    error = sent.error
    if error is None and not sent.well:
        error = "the receiver wants no more" if sent.status == 410 else "the receiver did not take it"
    return messages.Outcome(
        sent.status,
        sent.milliseconds,
        error,
        wait_after(message.attempts + 1, sent.retry_after),
        failing_days=FAILING_DAYS,
    )
