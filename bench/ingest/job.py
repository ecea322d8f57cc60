"""What a contestant is told to do, and how it answers. Standard library only: the peers' environments import it too."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

STATES = ("new", "unchanged", "changed")
"""In this order: into an empty database, the same pages again, then every record with another content."""
_MARK = "RESULT "


@dataclass(frozen=True)
class Listing:
    """One feed as the local server lists it: its records and the columns that are their key."""

    source: str
    key: tuple[str, ...]
    records: int
    pages: int


@dataclass(frozen=True)
class Job:
    """One stretch of work: take in all listings in one state. `database` is a libpq address, `folder` a place to work."""

    contestant: str
    state: str
    database: str
    address: str
    pages: str
    page: int
    folder: str
    servers: dict[str, int]
    listings: tuple[Listing, ...]

    @property
    def told(self) -> str:
        """Which pages are served: those as they were, or those with every record changed."""
        return "changed" if self.state == "changed" else "first"

    def text(self) -> str:
        """Give the job as one line."""
        return json.dumps(asdict(self))


def read_job() -> Job:
    """Read the job from this process's first argument."""
    said: dict[str, Any] = json.loads(sys.argv[1])
    listings = tuple(
        Listing(one["source"], tuple(one["key"]), one["records"], one["pages"]) for one in said["listings"]
    )
    return Job(**{**said, "listings": listings})


def answer(result: dict[str, Any]) -> None:
    """Say what came of the job, as the last line."""
    print(_MARK + json.dumps(result), flush=True)


def read_answer(output: str) -> dict[str, Any]:
    """Find the answer in what a contestant printed; raises ValueError where there is none."""
    lines = [line for line in output.splitlines() if line.startswith(_MARK)]
    if not lines:
        raise ValueError(f"no answer in: {output[-2000:]}")
    found: dict[str, Any] = json.loads(lines[-1].removeprefix(_MARK))
    return found
