"""The simulated city as its own process: started, asked, stopped; the hub knows it only by address."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import Unavailable


@dataclass(frozen=True, slots=True)
class RunningCity:
    """Where the departments of the simulated city are."""

    told: dict[str, Any]
    process: subprocess.Popen[str]

    @property
    def truth(self) -> Path:
        """Where the known truth is written."""
        return Path(self.told["truth"])

    def environment(self) -> dict[str, str]:
        """Give the variables by which the manifests find each department."""
        return {
            "HUB_COMMERCE_FOLDER": self.told["commerce_folder"],
            "HUB_COMMERCE_API_URL": self.told["commerce_api_url"],
            "HUB_COMMERCE_API_TOKEN": self.told["token"],
            "HUB_LAND_DATABASE_URL": self.told["land_url"],
            "HUB_LANDCHINA_FOLDER": self.told["landchina_folder"],
            "HUB_HOUSING_DATABASE_URL": self.told["housing_url"],
            "HUB_HOUSING_PERMIT_EVENTS_SECRET": self.told["push_secret"],
            "HUB_EGRESS_LOOPBACK": "1",  # these departments are on this machine
        }

    def push(self) -> dict[str, Any]:
        """Let housing push every event it has not yet pushed; gives what the hub answered, counted."""
        return self._post("push")

    def advance(self, days: int) -> dict[str, Any]:
        """Let the city live on for some days."""
        return self._post(f"advance?days={days}")

    def _post(self, what: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.told['control_url']}/{what}", method="POST")  # noqa: S310 - our own loopback address
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - as above
            body: dict[str, Any] = json.load(answer)
        return body


@contextmanager
def running_city(folder: Path, *, seed: int, projects: int, days: int, hub_url: str) -> Iterator[RunningCity]:
    """Start the city's departments and stop them at the end."""
    arguments = {
        "--dir": folder,
        "--seed": seed,
        "--projects": projects,
        "--days": days,
        "--hub-url": hub_url,
    }
    command = [
        sys.executable,
        "-m",
        "simulator",
        "run",
        *(str(word) for pair in arguments.items() for word in pair),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield RunningCity(_ready(process), process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    for line in process.stdout or ():
        word, _, rest = line.partition(" ")
        if word == "ready":
            told: dict[str, Any] = json.loads(rest)
            return told
    raise Unavailable("the simulated city did not start; run `python -m simulator run` to see why")
