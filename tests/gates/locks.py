"""The locks and what they lock, read the way pip reads them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import requires

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.gates.tree import ROOT

RUNTIME = "requirements.lock"
DEVELOPERS = "requirements-dev.lock"


@dataclass(frozen=True)
class Pin:
    """One locked release: where its marker holds, one of these hashes must be that of the wheel."""

    version: str
    marker: str
    hashes: frozenset[str]

    def here(self) -> bool:
        """Whether this machine installs it."""
        return not self.marker or Marker(self.marker).evaluate()


def read(name: str) -> dict[str, Pin]:
    """The pins of a lock by canonical name, of several releases the one for here; a line that is none is an error."""
    text = re.sub(r"\\\n", " ", (ROOT / name).read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return dict(sorted(map(_pin, lines), key=lambda named: named[1].here()))


def _pin(line: str) -> tuple[str, Pin]:
    stated, *hashes = re.split(r"\s--hash=", line)
    requirement = Requirement(stated.strip())
    specifiers = list(requirement.specifier)
    assert [s.operator for s in specifiers] == ["=="], f"not locked to one release: {line}"
    pin = Pin(
        specifiers[0].version, str(requirement.marker or ""), frozenset(part.strip() for part in hashes)
    )
    return canonicalize_name(requirement.name), pin


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, with these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]
    return [Requirement(line) for line in asked]


def closure(roots: list[Requirement]) -> set[str]:
    """Names of everything these requirements bring along on this machine, read from what is installed."""
    seen: set[tuple[str, str]] = set()
    todo = [(canonicalize_name(root.name), extra) for root in roots for extra in ["", *root.extras]]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for line in requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                todo += [(canonicalize_name(needed.name), more) for more in ["", *needed.extras]]
    return {name for name, _ in seen}
