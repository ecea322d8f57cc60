"""When Python looks for cyclic garbage: not in the middle of a batch, whose thousands of values all still live."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the cyclic collector off within the block, where what is bounded is made; counting references goes on.

    Threads may overlap: whoever turned it off turns it on again, so it runs no later than when the last of them is done.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def settle() -> None:
    """Keep what is loaded by now, which lives as long as the process, out of the collector's walks, and let it walk seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
