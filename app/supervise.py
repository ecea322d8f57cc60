"""Keep the hub's processes running: start them, start again what fell, stop all of them gracefully."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

GRACE_SECONDS = 30
LONGEST_PAUSE = 30.0
UPKEEP_SECONDS = 2.0


@dataclass(slots=True)
class Child:
    """A process to keep running: its command, and how often it has fallen in a row."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    falls: int = 0
    started: float = 0.0
    pause_until: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """The children of one `hub up` or demo; `upkeep` looks after what they all stand on, again and again."""

    children: list[Child]
    stopping: threading.Event = field(default_factory=threading.Event)
    upkeep: Callable[[], None] | None = None

    def start(self) -> None:
        """Start every child that is not running."""
        for child in self.children:
            if child.process is None:
                _launch(child)

    def watch(self) -> None:
        """Start fallen children again, later each time they fall in a row, until `stopping` is set; then stop all."""
        # beside the children: a database that recovers for minutes keeps nobody from being started again
        keeper = threading.Thread(target=self._keep, name="upkeep", daemon=True)
        keeper.start()
        while not self.stopping.wait(0.2):
            now = time.monotonic()
            for child in self.children:
                self._look(child, now)
        self.stop()
        keeper.join(GRACE_SECONDS)

    def _keep(self) -> None:
        failing = ""
        while self.upkeep is not None and not self.stopping.wait(UPKEEP_SECONDS):
            try:
                self.upkeep()
                failing = ""
            except Exception as error:  # noqa: BLE001 - whatever fails, the children are looked after
                if str(error) != failing:
                    log.error("%s", error)  # noqa: TRY400 - the message says what to do; it is tried again
                failing = str(error)

    def _look(self, child: Child, now: float) -> None:
        if child.process is not None and child.process.poll() is not None:
            child.falls = 1 if now - child.started > LONGEST_PAUSE else child.falls + 1
            child.pause_until = now + min(LONGEST_PAUSE, 0.5 * 2 ** min(child.falls - 1, 10))
            log.error(
                "%s ended with %s; starting it again",
                child.name,
                child.process.returncode,
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
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def hub_child(name: str, *arguments: str, environment: Mapping[str, str]) -> Child:
    """Give a child that runs a command of this hub."""
    return Child(name, [sys.executable, "-m", "app.cli", *arguments], {**os.environ, **environment})


def _launch(child: Child) -> None:
    child.started = time.monotonic()
    # a group of its own: Ctrl-C reaches the supervisor, which stops its children in order
    child.process = subprocess.Popen(child.arguments, env=dict(child.environment), start_new_session=True)


def until_told(stopping: threading.Event) -> None:
    """Set `stopping` on SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
