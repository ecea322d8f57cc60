"""The rule set a process works under: its connectors, tables and code, named by one fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from app.pipeline.lifecycle import CORE
from connectors.registry import Registry

_TRUTH = ("schemas", "connectors", "app/pipeline")
_KINDS = {".py", ".toml", ".csv"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What turns memory into the derived drawer: the same fingerprint promises the same drawer."""

    registry: Registry
    fingerprint: str
    connected: frozenset[str]


def load_rules(registry: Registry, connected: frozenset[str] = CORE) -> Rules:
    """Take up the rules of this installation: the connectors found, and the departments that owe their own proof.

    A stage whose department is not connected is closed by another's citation and shown as cited.
    """
    digest = hashlib.blake2b(registry.fingerprint().encode(), digest_size=16)
    digest.update(_code().encode() + "|".join(sorted(connected)).encode())
    return Rules(registry, digest.hexdigest(), connected)


@lru_cache(maxsize=1)
def _code() -> str:
    root = Path(str(resources.files("app"))).parent
    digest = hashlib.blake2b(digest_size=16)
    for folder in _TRUTH:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _KINDS and path.is_file():
                digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
