"""How long each step of the corridor takes: public functions of the house, watched from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from connectors.contract import Binding, Connector
from connectors.manifest import Manifest
from connectors.registry import Registry
from schemas.records import Outcome, Page, RawRecord, Unreadable

STEPS = (
    ("app.pipeline.sync", "land_page", "land"),
    ("app.pipeline.normalizing", "normalize", "normalize"),
    ("app.pipeline.pairing", "pair", "pair"),
    ("app.pipeline.resolving", "resolve", "resolve"),
    ("app.pipeline.advance", "compose", "compose"),
    ("app.pipeline.advance", "write", "write"),
    ("app.db.jurisdictions", "hold", "hold"),
)
"""Where each step is called from, by what name, and what it is called here."""


class Stages:
    """Wall and CPU seconds per step; CPU is that of the thread the step runs in."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add what runs inside to a step."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.add({stage: time.perf_counter() - wall}, {stage: time.thread_time() - cpu})

    def add(self, wall: Mapping[str, float], cpu: Mapping[str, float]) -> None:
        """Add what another thread or process has measured."""
        with self._lock:
            for mine, theirs in ((self.wall, wall), (self.cpu, cpu)):
                for stage, seconds in theirs.items():
                    mine[stage] = mine.get(stage, 0.0) + seconds

    def watched(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give the same function, timed."""

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.timing(stage):
                return function(*arguments, **named)

        return timed

    @contextmanager
    def watching(self, steps: Iterable[tuple[str, str, str]] = STEPS) -> Iterator[None]:
        """Watch the steps of the corridor; raises AttributeError when one of them is no longer called by that name."""
        import importlib

        places = [(importlib.import_module(module), name, stage) for module, name, stage in steps]
        before = [(module, name, getattr(module, name)) for module, name, _ in places]
        try:
            for (module, name, function), (_, _, stage) in zip(before, places, strict=True):
                setattr(module, name, self.watched(stage, function))
            yield
        finally:
            for module, name, function in before:
                setattr(module, name, function)


class WatchedRegistry(Registry):
    """A registry whose connectors' fetching is timed as the step `fetch`: waiting, splitting, hashing."""

    def __init__(self, registry: Registry, stages: Stages) -> None:
        super().__init__(registry.sources, registry.unavailable)
        self._stages = stages

    def open(self, key: str, binding: Binding) -> Connector:
        """Make the connector of a source, watched."""
        return _Watched(super().open(key, binding), self._stages)


class _Watched(Connector):
    def __init__(self, inner: Connector, stages: Stages) -> None:
        self._inner, self._stages = inner, stages

    @property
    def manifest(self) -> Manifest:  # type: ignore[override]  # the inner one's
        return self._inner.manifest

    def fetch(self, cursor: str | None) -> Iterator[Page]:
        pages = self._inner.fetch(cursor)
        while True:
            with self._stages.timing("fetch"):
                page = next(pages, None)
            if page is None:
                return
            yield page

    def unpack(self, headers: Mapping[str, str], body: bytes) -> Iterator[RawRecord | Unreadable]:
        return self._inner.unpack(headers, body)

    def normalize(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        return self._inner.normalize(raws)

    def understand(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        return self._inner.understand(raws)
