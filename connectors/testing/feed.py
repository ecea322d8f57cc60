"""A feed under test: its manifest, its sample's rows, and connectors made of it, bound to a stand-in of its source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors import registry, samples
from connectors.contract import Binding, Connector
from connectors.manifest import Manifest
from schemas.records import Op, RawRecord, Unreadable

NO_ROW = "the sample has no row: nothing was looked at"


class NotConcerned(Exception):
    """The rule says nothing of this kind of feed; the message says why."""


class NothingSeen(Exception):
    """The sample holds nothing the rule could look at, so nobody knows whether it is kept; the message says what is wanting."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed with the rows of its sample."""

    source: registry.Source
    folder: Path
    connector: Connector
    rows: list[RawRecord | Unreadable]

    @property
    def manifest(self) -> Manifest:
        """The feed's manifest."""
        return self.source.manifest

    @property
    def raws(self) -> list[RawRecord]:
        """The rows of the sample that have a usable key."""
        return [row for row in self.rows if isinstance(row, RawRecord)]

    def some_raws(self) -> list[RawRecord]:
        """Give `raws` for a rule that looks at each; raises NothingSeen where there is none."""
        if raws := self.raws:
            return raws
        raise NothingSeen(NO_ROW)

    @property
    def expected_file(self) -> Path:
        """Where the author's review of the sample stands."""
        return self.folder / "expected.json"

    def sample_files(self) -> list[Path]:
        """Give the files of the sample; raises NothingSeen where there is none to stand in with."""
        place = self.folder / "sample"
        found = sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else []
        if not found:
            raise NothingSeen("there is no sample to make a source of")
        return found

    def bound(self, binding: Binding, **settings: Any) -> Connector:
        """Give the feed's connector with another place and some settings of its transport changed."""
        transport = self.manifest.transport.model_copy(update=settings)
        manifest = self.manifest.model_copy(update={"transport": transport})
        return registry.connector_class(self.source)(manifest, binding)

    def told(self) -> str:
        """Give what normalizing makes of the sample, as `expected.json` holds it."""
        return json.dumps(samples.outcomes(self.connector, self.raws), ensure_ascii=False, indent=1) + "\n"

    def row(self) -> RawRecord | None:
        """Give the first row that states something."""
        return next((raw for raw in self.raws if raw.op is Op.UPSERT), None)


def opened(source: registry.Source) -> Feed:
    """Read a feed's sample offline; whatever its own code raises is raised."""
    folder = Path(str(source.folder))
    connector = registry.connector_class(source)(source.manifest, Binding(samples.JURISDICTION))
    return Feed(source, folder, connector, list(samples.rows(source.manifest, folder)))
