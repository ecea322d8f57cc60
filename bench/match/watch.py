"""What a step of several processes costs: CPU, wall time, and the most memory they held together."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from bench.ingest.meter import tree_cpu

_EVERY = 0.5
"""Seconds between two looks at the memory."""


class Costs(dict[str, dict[str, float]]):
    """Seconds of CPU and wall time and the peak of memory (MB) of each step, by its name."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what is done inside; a step of a name that was measured before takes its place."""
        ours, theirs = multiprocessing.Pipe()
        # a process and no thread: the steps fork, and what forks should have no threads
        watcher = multiprocessing.get_context("fork").Process(target=_watch, args=(os.getpid(), theirs))
        watcher.start()
        cpu, began = tree_cpu(os.getpid()), time.perf_counter()
        try:
            yield
        finally:
            wall, spent = time.perf_counter() - began, tree_cpu(os.getpid()) - cpu
            ours.send(None)
            self[name] = {"cpu": spent, "wall": wall, "peak_mb": ours.recv()}
            watcher.join()


def _watch(root: int, asked: Connection) -> None:
    peak = memory(root, os.getpid())
    while not asked.poll(_EVERY):
        peak = max(peak, memory(root, os.getpid()))
    asked.send(max(peak, memory(root, os.getpid())))


def memory(root: int, but: int = 0) -> float:
    """Give the MB that a process and its descendants hold, but one; pages that several share count once."""
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        home = Path(f"/proc/{pid}")
        try:
            for thread in (home / "task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
            lines = (home / "smaps_rollup").read_text().splitlines()
        except (OSError, ValueError):
            continue  # it has ended
        if pid != but:
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
