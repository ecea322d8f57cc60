"""When a message that was not taken is sent again, and when a receiver is left alone."""

from __future__ import annotations

import random

WAITS = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
"""Seconds behind each failed attempt but the last: eight attempts in 27 hours and a half."""
MOST_ATTEMPTS = len(WAITS) + 1
LONGEST_ASKED = 86_400.0
"""How long a receiver may ask to be left alone."""
FAILING_DAYS = 5
"""A receiver that has taken nothing for so long is sent nothing more until a person says so."""


def wait_after(attempts: int, asked: float | None = None, chance: float | None = None) -> float | None:
    """Give the seconds until a message that failed `attempts` times is sent again; None: it is given up.

    A receiver's own word (Retry-After) may lengthen the wait, and up to a fifth is added by chance, for many were
    refused in the same moment.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    spread = random.random() if chance is None else chance  # noqa: S311 — spreads retries, hides nothing
    return max(WAITS[attempts - 1], min(asked or 0.0, LONGEST_ASKED)) * (1 + spread / 5)
