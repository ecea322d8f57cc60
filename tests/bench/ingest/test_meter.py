from __future__ import annotations

import os
import subprocess
import sys
import time

from bench.ingest.meter import Meter, tree_cpu

BUSY = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_the_cpu_of_children_that_ended_counts() -> None:
    meter = Meter({})
    meter.start()
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert meter.stop()["cpu_app"] >= 0.25


def test_the_cpu_of_a_living_child_counts() -> None:
    before = tree_cpu(os.getpid())
    with subprocess.Popen([sys.executable, "-c", f"{BUSY}\ninput()"], stdin=subprocess.PIPE) as child:
        until = time.monotonic() + 20
        while tree_cpu(child.pid) < 0.25 and time.monotonic() < until:
            time.sleep(0.05)
        assert tree_cpu(child.pid) >= 0.25
        assert tree_cpu(os.getpid()) - before >= 0.24  # of clock ticks, added up
        child.communicate(b"\n")


def test_a_process_that_is_gone_has_none() -> None:
    assert tree_cpu(2**22 + 1) == 0.0
