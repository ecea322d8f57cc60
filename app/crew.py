"""A worker's roles in processes of their own: one pulls and normalizes while the other resolves, on two cores.

They are forked from one process that has loaded everything, so what both of them only read lies in memory once. That
process has no thread and no connection of its own; it does nothing but start again what fell.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from app import logs
from app.bell import Bell
from app.crypto import KeyRing, kept_audit_keys
from app.garbage import settle
from app.runtime import Runtime
from app.settings import Settings
from app.supervise import GRACE_SECONDS, Child, Supervisor, until_told
from app.worker import Role, Worker

log = logging.getLogger(__name__)

GRACE = GRACE_SECONDS - 5.0
"""How long a role may take to end; less than whoever supervises the worker waits for it."""
LOOK_SECONDS = 1.0


def parted(roles: Collection[Role], processes: int) -> list[list[Role]]:
    """Give the roles of each of so many processes; resolving is the longest and first has one to itself.

    Sending and pulling wait for others most of the time, and share one.
    """
    first, last = sorted({*roles} - {Role.RESOLVE}), sorted({*roles} & {Role.RESOLVE})
    if processes == 1:
        return [[*first, *last]]
    apart = [[role for role in first if role is not Role.NORMALIZE], [*{Role.NORMALIZE}.intersection(first)]]
    parts = [first] if processes == 2 else apart
    return [part for part in (*parts, last) if part]


def work(runtime: Runtime, roles: Collection[Role], *, disk: Path | None = None) -> None:
    """Work in these roles until told to stop, in as many processes as the settings say."""
    settle()
    take_turns()
    stopping = threading.Event()
    until_told(stopping)
    parts = parted(roles, runtime.settings.worker_processes)
    landed, normalized = Bell(), Bell()
    if len(parts) == 1:
        in_roles(runtime, roles, stopping, disk, landed=landed)
        return
    ours = os.getpid()
    runtime.database.close()  # a connection has one process

    def child(part: list[Role]) -> Child:
        return Child(
            f"worker {'+'.join(part)}",
            lambda: Forked(
                lambda: in_roles(runtime, part, stopping, disk, ours, landed=landed, normalized=normalized)
            ),
        )

    supervisor = Supervisor([child(part) for part in parts], stopping, grace=GRACE)
    supervisor.start()
    supervisor.watch()


def in_roles(
    runtime: Runtime,
    roles: Collection[Role],
    stopping: threading.Event,
    disk: Path | None = None,
    parent: int | None = None,
    *,
    landed: Bell | None = None,
    normalized: Bell | None = None,
) -> None:
    """Work in these roles in this process, until told to stop or until its parent is gone, where it has one."""
    logs.configure(runtime.settings.log_level, "+".join(sorted(roles)))
    worker = Worker(
        runtime.database,
        runtime.rules,
        batch=runtime.settings.batch,
        disk=disk,
        changes_days=runtime.settings.changes_days,
        audit_keys=_audit_keys(runtime.settings) if Role.PULL in roles else None,
        roles=roles,
        landed=landed,
        normalized=normalized,
    )
    worker.start()
    log.info("works")
    while not stopping.wait(LOOK_SECONDS):
        if parent not in {None, os.getppid()}:
            log.error("the process that started this one is gone: it ends too")
            break
    worker.stop()
    runtime.database.close()


def take_turns() -> None:
    """Let a thread of this process that comes back from PostgreSQL wait a millisecond at most for one that computes."""
    sys.setswitchinterval(0.001)


def _audit_keys(settings: Settings) -> KeyRing | None:
    """The keys that seal the audit; a place that takes none stops no worker, for what waits is sealed by the next one."""
    try:
        return kept_audit_keys(settings.home_folder)
    except OSError as error:
        told = "the audit is not sealed: give HUB_AUDIT_KEYS, or a HUB_HOME that can be written: %s"
        log.error(told, error)  # noqa: TRY400 — the place is what counts
        return None


class Forked:
    """A function at work in a process forked from this one, which must have no threads."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=function, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid or 0

    def poll(self) -> int | None:
        """Give how it ended, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> None:
        """Wait for its end; raises TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked process", timeout)
