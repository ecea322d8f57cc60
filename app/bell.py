"""How one process tells another, both forked from one, that there is work: nobody who is killed leaves it hanging."""

from __future__ import annotations

import os
import select
from contextlib import suppress


class Bell:
    """Rung by anybody, heard by one who waits, or who waits next; made before the processes part."""

    def __init__(self) -> None:
        # a pipe, for the locks of multiprocessing's events stay taken by whoever is killed while it waits
        self._ear, self._rope = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._rope, False)

    def ring(self) -> None:
        """Wake who waits, or who waits next; never blocks."""
        with suppress(BlockingIOError):  # it is rung already, more often than anybody counts
            os.write(self._rope, b"\0")

    def wait(self, seconds: float) -> bool:
        """Wait until it is rung, at most so long; says whether it was."""
        listening = select.poll()
        listening.register(self._ear, select.POLLIN)
        if not listening.poll(seconds * 1000):
            return False
        with suppress(BlockingIOError):  # another one heard it first
            while len(os.read(self._ear, 4096)) == 4096:
                pass
        return True

    def close(self) -> None:
        """Take it down, in this process."""
        os.close(self._ear)
        os.close(self._rope)
