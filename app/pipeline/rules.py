"""The rule set a process works under: what all sources share, and what each source's own folder says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path

from app.pipeline.assembly.lifecycle import CORE
from connectors.registry import Registry

_TRUTH = ("schemas", "connectors", "app/pipeline")
_FOLDERS = "connectors/departments"
_KINDS = {".py", ".toml", ".csv"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What turns memory into the derived drawer: the same fingerprint promises the same drawer.

    `common` names code, tables and connected departments; `sources` each source's manifest and own code.
    """

    registry: Registry
    common: str
    connected: frozenset[str]
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Name the whole rule set."""
        return _hash(self.common, *(f"{key}={said}" for key, said in sorted(self.sources.items())))

    def of(self, source: str) -> str:
        """Name the rules under which the records of one source are read."""
        return _hash(self.common, self.sources.get(source, ""))


def load_rules(registry: Registry, connected: frozenset[str] = CORE) -> Rules:
    """Take up the rules of this installation: the connectors found, and the departments that owe their own proof.

    A stage whose department is not connected is closed by another's citation and shown as cited.
    """
    return Rules(registry, _hash(_code(), *sorted(connected)), connected, registry.fingerprints())


def _hash(*said: str) -> str:
    return hashlib.blake2b("\0".join(said).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    root = Path(str(resources.files("app"))).parent
    digest = hashlib.blake2b(digest_size=16)
    for folder in _TRUTH:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root)
            # a department's folder is its own affair: the registry tells of it, also of those elsewhere
            if path.suffix in _KINDS and path.is_file() and not name.is_relative_to(_FOLDERS):
                digest.update(str(name).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
