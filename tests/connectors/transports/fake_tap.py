"""A tap that says what a script tells it: `python fake_tap.py SCRIPT [--config …] [--catalog …] [--state …] [--discover]`.

Every line of SCRIPT is written as it stands, but for those that begin with `!`. How the tap was called is kept beside the
script, one JSON line per call. With --discover it writes SCRIPT.catalog instead.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path


def main() -> None:
    script, arguments = Path(sys.argv[1]), sys.argv[2:]
    said = {
        name.removeprefix("--"): Path(value).read_text(encoding="utf-8")
        for name, value in pairwise(arguments)
        if name in {"--config", "--catalog", "--state"}
    }
    seen = {"arguments": arguments, "environment": dict(os.environ), "folder": str(Path.cwd()), **said}
    with Path(f"{script}.calls").open("a", encoding="utf-8") as file:
        file.write(json.dumps({**seen, "pid": os.getpid()}) + "\n")
    if "--discover" in arguments:
        script = Path(f"{script}.catalog")
    with script.open("rb") as file:
        for line in file:
            if line.startswith(b"!"):
                what, *words = line[1:].decode().split()
                DEEDS[what](*words)
            else:
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()


def _write_for_ever(place: int, what: bytes, pause: float = 0.0) -> None:
    while True:
        os.write(place, what)
        time.sleep(pause)


def _write_long(millions: str) -> None:
    for _ in range(int(millions)):
        os.write(1, b"x" * 1_000_000)


def _leave_a_child() -> None:
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
    Path(f"{sys.argv[1]}.child").write_text(str(child.pid), encoding="utf-8")


# how taps end otherwise than well
DEEDS: dict[str, Callable[..., object]] = {
    "exit": lambda code: os._exit(int(code)),
    "log": lambda *words: os.write(2, " ".join(words).encode() + b"\n"),
    "log-for-ever": lambda: _write_for_ever(2, b"still at it\n" * 1000),
    "hang": lambda: time.sleep(60),
    "wait": lambda seconds: time.sleep(float(seconds)),
    "drip": lambda: _write_for_ever(1, b" ", 0.01),
    "half": lambda *words: os.write(1, " ".join(words).encode()),
    "long": _write_long,
    "close": lambda: os.close(1),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "deaf": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "child": _leave_a_child,
}

main()
