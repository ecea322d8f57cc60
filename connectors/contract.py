"""The whole contract of a connector: fetch speaks and interprets nothing, normalize interprets and never speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.manifest import Manifest
from schemas.records import Outcome, Page, RawRecord, Unreadable


@dataclass(frozen=True, slots=True)
class Binding:
    """Where one jurisdiction's copy of a source is found; a secret is named by its variable, never held here.

    `location` replaces the manifest's url, database url or folder; `variables` gives the values of the
    variables the manifest names (tokens, signing secrets).
    """

    jurisdiction: int
    location: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


class Connector(ABC):
    """One source of one department, bound to one jurisdiction."""

    def __init__(self, manifest: Manifest, binding: Binding) -> None:
        self.manifest = manifest
        self.binding = binding

    @abstractmethod
    def fetch(self, cursor: str | None) -> Iterator[Page]:
        """Give the pages after `cursor` (all of them when it is None); each page carries the cursor after it.

        At least once: a page may repeat what was given before. One without rows is a sign of life of a slow source: it
        moves the cursor and lands nothing, unless it ends a full listing. Raises only the errors of `connectors.errors`.
        """

    @abstractmethod
    def unpack(self, headers: Mapping[str, str], body: bytes) -> Iterator[RawRecord | Unreadable]:
        """Split one stored push into its rows; a body that is no such message is one unreadable row."""

    @abstractmethod
    def normalize(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give one outcome per raw record, in order: statements with issues, or a rejection."""

    def understand(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give what `normalize` gives, where it can as structs that stand in for the schemas, which nobody has checked.

        The corridor asks this; who writes a connector writes `normalize`.
        """
        return self.normalize(raws)
