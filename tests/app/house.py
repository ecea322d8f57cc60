"""A hub of one's own for a test: its commands as real processes, on a HUB_HOME that is removed afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app import postgres

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def home() -> Iterator[Path]:
    """Give an empty HUB_HOME that the server's account may enter; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="hub-home-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        postgres.stop(folder)
        shutil.rmtree(folder)


def variables(**more: str) -> dict[str, str]:
    """Give the environment of a command: no HUB_* variable but these, and that departments may be on this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return kept | {"HUB_EGRESS_LOOPBACK": "1"} | more


def hub(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Give a finished `hub` command."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=variables(**more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def running(log: Path, *arguments: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Give a `hub` command at work, its output in `log`; it is told to stop at the end."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            env=variables(**environment),
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def until(said: Callable[[], object], seconds: float = 15) -> float:
    """Wait until it is so, and give how many seconds that took."""
    started = time.monotonic()
    while not said():
        assert time.monotonic() - started < seconds, "it never came about"
        time.sleep(0.02)
    return time.monotonic() - started
