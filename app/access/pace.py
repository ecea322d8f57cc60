"""How often somebody may call: a steady pace with a burst, one number kept for each."""

from __future__ import annotations

from typing import Final


class Pace:
    """Lets each name call `per_second` times on average and `burst` times at once (the generic cell rate algorithm).

    Of one process: with several replicas the pace is theirs together. Not for use from several threads without the
    interpreter's lock.
    """

    MOST_KNOWN: Final = 20_000

    def __init__(self, per_second: float, burst: int) -> None:
        self._each, self._room = 1 / per_second, burst / per_second
        self._due: dict[str, float] = {}

    def take(self, name: str, now: float) -> float:
        """Count one call at the moment `now` (seconds of any steady clock); give 0, or in how many seconds it may be tried."""
        due = max(self._due.get(name, 0.0), now) + self._each
        if due - now > self._room + self._each / 2:
            return due - now - self._room
        if name not in self._due and len(self._due) >= self.MOST_KNOWN:
            self._due = {one: at for one, at in self._due.items() if at > now}
        self._due[name] = due
        return 0.0

    def waits(self, name: str, now: float) -> float:
        """Give how long the next call of `name` would have to wait, without counting one."""
        return max(0.0, max(self._due.get(name, 0.0), now) + self._each - now - self._room - self._each / 2)
