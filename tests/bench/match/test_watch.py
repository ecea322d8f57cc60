from __future__ import annotations

import multiprocessing
import os
import time

from bench.match.watch import Costs, memory


def _hold(megabytes: int) -> None:
    held = bytearray(os.urandom(1 << 20) * megabytes)
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    time.sleep(0.7)
    assert held


def test_a_step_tells_the_cpu_and_memory_of_the_processes_it_forks() -> None:
    costs = Costs()
    before = memory(os.getpid())
    with costs.step("hold"):
        child = multiprocessing.get_context("fork").Process(target=_hold, args=(120,))
        child.start()
        child.join()
    assert costs["hold"]["cpu"] >= 0.25
    assert costs["hold"]["wall"] >= 0.7
    assert costs["hold"]["peak_mb"] >= before * 0.5 + 100
    with costs.step("nothing"):
        pass
    assert costs["nothing"]["peak_mb"] < costs["hold"]["peak_mb"]
