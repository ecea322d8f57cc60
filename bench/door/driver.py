"""Serving one contestant as the product is served, and asking it by wrk: requests a second, CPU of both sides, errors."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import Receive, Send

from app.garbage import settle
from app.main import server_settings
from app.protocol import Http1
from app.settings import Settings
from bench.ingest.meter import machine, tree_cpu

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("replay.lua")
_TICKS = os.sysconf("SC_CLK_TCK")


class NoMeasure(Exception):
    """A run that cannot be counted: somebody was answered with an error, or other rows were stored than acknowledged."""


def serve(app: Any, port: int) -> None:
    """Serve an app in this process under the product's own settings of the server."""
    config = uvicorn.Config(app, **server_settings(Settings(_env_file=None, port=port)))
    settle()
    assert config.http is Http1
    assert config.loop == "uvloop"
    uvicorn.Server(config).run()


async def live(receive: Receive, send: Send) -> None:
    """Follow the life of the server, for a contestant that has nothing to begin or end."""
    while (kind := (await receive())["type"]) != "lifespan.shutdown":
        await send({"type": f"{kind}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


@contextmanager
def served(module: str, what: str, variables: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Give (port, pid) of a process that runs `python -m module what port`, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", module, what, str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **variables})
    try:
        until = time.monotonic() + 60
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise NoMeasure(f"{what} does not start")
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.close()
    except OSError:
        return False
    return True


def ask(
    port: int,
    requests: Path,
    length: int,
    *,
    connections: int,
    seconds: int,
    server: int,
    postmaster: int,
) -> dict[str, Any]:
    """Send the requests of a file for so long; gives rate, latency, CPU in µs per request and what others took.

    Raises NoMeasure when any was answered with an error.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise NoMeasure("wrk is not on the PATH (Debian: apt-get install wrk)")
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT)]
    command += [f"http://127.0.0.1:{port}", "--", str(requests), str(length)]
    before, app, database = machine(), tree_cpu(server), tree_cpu(postmaster)
    driver = os.times().children_user + os.times().children_system
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    driver = os.times().children_user + os.times().children_system - driver
    app, database = tree_cpu(server) - app, tree_cpu(postmaster) - database
    now = machine()
    told: dict[str, Any] = json.loads(done.stdout.partition("RESULT ")[2])
    if told["errors"] or not told["requests"]:
        raise NoMeasure(f"errors were answered: {done.stdout}")
    ticks = {name: now[name] - before[name] for name in now}
    whole = max(1, sum(ticks.values()))
    busy = whole - ticks["idle"] - ticks["iowait"]
    return {
        **told,
        "rate": told["requests"] / told["seconds"],
        "app_us": app / told["requests"] * 1e6,
        "postgres_us": database / told["requests"] * 1e6,
        "idle": 100 * ticks["idle"] / whole,
        "others": max(0.0, 100 * (busy - (app + database + driver) * _TICKS) / whole),
    }
