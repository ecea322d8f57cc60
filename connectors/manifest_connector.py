"""The connector that a manifest alone makes; a feed's own `connector.py` extends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from connectors import mapping
from connectors.contract import Connector
from connectors.transport_settings import FilesSettings, HttpSettings, SingerSettings, TableSettings
from connectors.transports import push
from schemas.records import Outcome, Page, RawRecord, Unreadable, checked_outcome


class ManifestConnector(Connector):
    """Fetches by the manifest's transport, takes pushes, and normalizes by its mapping."""

    @cached_property
    def _mapping(self) -> mapping.Mapping:
        """The rules made ready; who only fetches needs none of them."""
        return mapping.Mapping(self.manifest, self.binding.jurisdiction)

    def fetch(self, cursor: str | None) -> Iterator[Page]:
        """Give the pages after `cursor`; a source that is only pushed has none."""
        settings = self.manifest.transport
        if isinstance(settings, TableSettings):
            from connectors.transports import table

            return table.fetch(self.manifest, settings, self.binding, cursor)
        if isinstance(settings, FilesSettings):
            from connectors.transports import files

            return files.fetch(self.manifest, settings, self.binding, cursor)
        if isinstance(settings, HttpSettings):
            from connectors.transports import pages

            return pages.fetch(self.manifest, settings, self.binding, cursor)
        if isinstance(settings, SingerSettings):
            from connectors.transports import singer

            return singer.fetch(self.manifest, settings, self.binding, cursor)
        return iter(())

    def unpack(self, headers: Mapping[str, str], body: bytes) -> Iterator[RawRecord | Unreadable]:
        """Split one stored push into its rows; any source may be pushed."""
        return push.unpack(self.manifest, body, headers)

    def normalize(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give one outcome per raw record, in order."""
        return map(checked_outcome, self.interpret(raws))

    def understand(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give what `normalize` gives: as structs, or as a feed's own `normalize` has it."""
        if type(self).normalize is ManifestConnector.normalize:
            return self.interpret(raws)
        return self.normalize(raws)

    def interpret(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give one outcome per raw record by the mapping, as structs that nobody has checked.

        A feed's own connector may change what it gives, itself in structs (`schemas.structs`).
        """
        return self._mapping.normalize(raws)
