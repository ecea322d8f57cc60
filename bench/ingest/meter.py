"""What a stretch of work cost: wall time, CPU of a process tree and of PostgreSQL, and what the machine did meanwhile.

Standard library only: the peers' own environments import it too.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_TICKS = os.sysconf("SC_CLK_TCK")


def tree_cpu(root: int) -> float:
    """Give the CPU seconds of a process, its living descendants and those they have waited for; 0 for none."""
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            threads = list(Path(f"/proc/{pid}/task").iterdir())
            for thread in threads:
                waiting += map(int, (thread / "children").read_text().split())
        except (OSError, ValueError):
            continue
        total += sum(map(int, fields[11:15]))  # own user and system time, then those of ended children
    return total / _TICKS


def machine() -> dict[str, int]:
    """Give the machine's clock ticks so far, by what they went to."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    first = Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]
    return dict(zip(names, map(int, first), strict=True))


def peak_mb() -> float:
    """Give the peak memory of this process and the largest one it has waited for."""
    return sum(resource.getrusage(who).ru_maxrss for who in _WHO) / 1024


class Meter:
    """Measures one stretch of this process's work; `servers` are the pids whose CPU is told apart."""

    def __init__(self, servers: dict[str, int]) -> None:
        self._servers = servers
        self._before: dict[str, float] = {}
        self._machine: dict[str, int] = {}
        self._begun = 0.0

    def start(self) -> None:
        """Begin."""
        self._machine, self._before = machine(), self._cpu()
        self._begun = time.perf_counter()

    def stop(self) -> dict[str, float]:
        """Give seconds of wall, CPU of this process and of each server, and shares of the machine in percent.

        `peak_rss_mb` adds the largest of the processes it has waited for: pages both of them share count twice.
        `others` is what anybody else took of the cores that were busy: the mark of a valid round.
        """
        wall = time.perf_counter() - self._begun
        after, now = self._cpu(), machine()
        spent = {name: after[name] - self._before[name] for name in after}
        ticks = {name: now[name] - self._machine[name] for name in now}
        whole = max(1, sum(ticks.values()))
        busy = whole - ticks["idle"] - ticks["iowait"]
        return {
            "wall": wall,
            **{f"cpu_{name}": seconds for name, seconds in spent.items()},
            "idle": 100 * ticks["idle"] / whole,
            "iowait": 100 * ticks["iowait"] / whole,
            "steal": 100 * ticks["steal"] / whole,
            "others": max(0.0, 100 * (busy - sum(spent.values()) * _TICKS) / whole),
            "peak_rss_mb": peak_mb(),
        }

    def _cpu(self) -> dict[str, float]:
        return {"app": tree_cpu(os.getpid())} | {name: tree_cpu(pid) for name, pid in self._servers.items()}
