"""Keep the hub's processes running: start them, start again what fell, stop all of them gracefully."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

log = logging.getLogger(__name__)

GRACE_SECONDS = 30
LONGEST_PAUSE = 30.0
UPKEEP_SECONDS = 2.0


class Process(Protocol):
    """A process as `subprocess` speaks of it."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def poll(self) -> int | None:
        """Give how it ended, or None while it runs."""
        ...

    def wait(self, timeout: float) -> object:
        """Wait for its end; raises TimeoutExpired."""
        ...


@dataclass(slots=True)
class Child:
    """A process to keep running: what starts it, and how often it has fallen in a row."""

    name: str
    launch: Callable[[], Process]
    process: Process | None = None
    falls: int = 0
    started: float = 0.0
    pause_until: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """The children of one `hub up` or demo; `upkeep` looks after what they all stand on, again and again."""

    children: list[Child]
    stopping: threading.Event = field(default_factory=threading.Event)
    upkeep: Callable[[], None] | None = None
    grace: float = field(default_factory=lambda: GRACE_SECONDS)

    def start(self) -> None:
        """Start every child that is not running."""
        for child in self.children:
            if child.process is None:
                _launch(child)

    def watch(self) -> None:
        """Start fallen children again, later each time they fall in a row, until `stopping` is set; then stop all."""
        keeper = self._keeper()
        while not self.stopping.wait(0.2):
            now = time.monotonic()
            for child in self.children:
                self._look(child, now)
        self.stop()
        if keeper is not None:
            keeper.join(self.grace)

    def _keeper(self) -> threading.Thread | None:
        """Look after what the children stand on, beside them: a database that recovers for minutes delays no restart."""
        if self.upkeep is None:
            return None
        keeper = threading.Thread(target=self._keep, args=(self.upkeep,), name="upkeep", daemon=True)
        keeper.start()
        return keeper

    def _keep(self, upkeep: Callable[[], None]) -> None:
        failing = ""
        while not self.stopping.wait(UPKEEP_SECONDS):
            try:
                upkeep()
                failing = ""
            except Exception as error:  # noqa: BLE001 - whatever fails, the children are looked after
                if str(error) != failing:
                    log.error("%s", error)  # noqa: TRY400 - the message says what to do; it is tried again
                failing = str(error)

    def _look(self, child: Child, now: float) -> None:
        ended = child.process.poll() if child.process is not None else None
        if ended is not None:
            child.falls = 1 if now - child.started > LONGEST_PAUSE else child.falls + 1
            child.pause_until = now + min(LONGEST_PAUSE, 0.5 * 2 ** min(child.falls - 1, 10))
            log.error(
                "%s ended with %s; starting it again",
                child.name,
                ended,
                extra={"facts": {"falls": child.falls}},
            )
            child.process = None
        if child.process is None and now >= child.pause_until:
            _launch(child)

    def stop(self) -> None:
        """Ask every child to end, and end those that do not within the grace."""
        running = [
            child.process
            for child in self.children
            if child.process is not None and child.process.poll() is None
        ]
        for process in running:
            os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + self.grace
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill(process.pid)
                process.wait(self.grace)


def hub_child(name: str, *arguments: str, environment: Mapping[str, str]) -> Child:
    """Give a child that runs a command of this hub."""
    command = [sys.executable, "-m", "app.cli", *arguments]
    # a group of its own: Ctrl-C reaches the supervisor, which stops its children in order
    return Child(
        name, lambda: subprocess.Popen(command, env={**os.environ, **environment}, start_new_session=True)
    )


def _launch(child: Child) -> None:
    child.started = time.monotonic()
    child.process = child.launch()


def _kill(process: int) -> None:
    """End a process that does not, and with it those it has started, where they are a group of their own."""
    if os.getpgid(process) == process:
        os.killpg(process, signal.SIGKILL)
    else:
        os.kill(process, signal.SIGKILL)


def until_told(stopping: threading.Event) -> None:
    """Set `stopping` on SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
