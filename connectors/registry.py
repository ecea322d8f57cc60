"""Finding the sources: our own folders, installed packages and the folders of HUB_CONNECTORS."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from connectors.contract import Binding, Connector
from connectors.manifest import Manifest, ManifestError, load
from connectors.manifest_connector import ManifestConnector

GROUP = "lifecycle_hub.connectors"
VARIABLE = "HUB_CONNECTORS"
FACTORY = "FeedConnector"
"""The class a feed's own `connector.py` must hold."""


class DuplicateSource(ManifestError):
    """Two folders claim one source key: the hub must not start until one of them is taken away."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source that was found: its manifest and the folder it lies in."""

    manifest: Manifest
    folder: Traversable


@dataclass(frozen=True, slots=True)
class Broken:
    """An outside source that cannot be used, and why; it never stops the hub."""

    origin: str
    reason: str


_MOST_READERS = 500


class Registry:
    """The sources of this hub by key, and the outsiders that could not be read."""

    def __init__(self, sources: Mapping[str, Source], unavailable: Sequence[Broken]) -> None:
        self.sources = MappingProxyType(dict(sorted(sources.items())))
        self.unavailable = tuple(unavailable)
        self._classes: dict[str, type[Connector]] = {}
        self._readers: dict[tuple[str, int], Connector] = {}

    def manifests(self) -> tuple[Manifest, ...]:
        """Every manifest, in order of key."""
        return tuple(source.manifest for source in self.sources.values())

    def manifest(self, key: str) -> Manifest:
        """Give one manifest; raises KeyError for an unknown source."""
        return self.sources[key].manifest

    def open(self, key: str, binding: Binding) -> Connector:
        """Make the connector of a source for one jurisdiction; raises KeyError for an unknown source."""
        return self.open_under(self.manifest(key), binding)

    def reader(self, key: str, jurisdiction: int) -> Connector:
        """Give the connector that normalizes a source's records for a jurisdiction; raises KeyError for an unknown source.

        It is one for all of them: its rules are made ready once, and it learns how rows are laid out.
        """
        found = self._readers.get((key, jurisdiction))
        if found is None:
            if len(self._readers) == _MOST_READERS:
                self._readers.clear()
            found = self._readers[key, jurisdiction] = self.open(key, Binding(jurisdiction))
        return found

    def open_under(self, manifest: Manifest, binding: Binding) -> Connector:
        """Make the connector of the source that `manifest` names, to work under it; raises KeyError for an unknown source."""
        key = manifest.key
        if key not in self._classes:
            # once: code that is changed on the disk meanwhile is another rule set, for a process that starts under it
            self._classes[key] = connector_class(self.sources[key])
        return self._classes[key](manifest, binding)

    def fingerprints(self) -> dict[str, str]:
        """Hash what decides how each source's records are read: its manifest and own code, independent of place."""
        return {key: _fingerprint(source.folder) for key, source in self.sources.items()}


def _fingerprint(folder: Traversable) -> str:
    digest = hashlib.sha256()
    for name in ("manifest.toml", "connector.py"):
        file = folder / name
        content = file.read_bytes() if file.is_file() else b""
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def discover(extra: Sequence[str] = ()) -> Registry:
    """Find every source: built-in, by entry point, in the folders of HUB_CONNECTORS and in `extra`.

    A built-in manifest that is wrong raises ManifestError, a key that two folders claim DuplicateSource; a wrong
    outsider is listed as unavailable. An outside folder is a department's folder or contains such.
    """
    sources: dict[str, Source] = {}
    unavailable: list[Broken] = []
    for folder in _feeds(resources.files("connectors.departments"), depth=2):
        _add(sources, folder, load(folder))
    for origin, folder in _outsiders(extra, unavailable):
        try:
            manifest = load(folder)
        except ManifestError as error:
            unavailable.append(Broken(origin, str(error)))
            continue
        _add(sources, folder, manifest)
    return Registry(sources, unavailable)


def source_in(folder: Path) -> Source:
    """Give the source of one folder, wherever it lies; raises ManifestError."""
    return Source(load(folder), folder)


def _add(sources: dict[str, Source], folder: Traversable, manifest: Manifest) -> None:
    if (there := sources.get(manifest.key)) is not None:
        raise DuplicateSource(f"{manifest.key} is claimed by {there.folder} and by {folder}: take one away")
    sources[manifest.key] = Source(manifest, folder)


def _feeds(folder: Traversable, depth: int) -> Iterator[Traversable]:
    """Give the folders that hold a manifest, down to `depth` levels, in order of name."""
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if not entry.is_dir() or entry.name.startswith((".", "_")):
            continue
        if (entry / "manifest.toml").is_file():
            yield entry
        elif depth > 1:
            yield from _feeds(entry, depth - 1)


def _outsiders(extra: Sequence[str], unavailable: list[Broken]) -> Iterator[tuple[str, Traversable]]:
    for name in (*filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)), *extra):
        place = Path(name)
        if not place.is_dir():
            unavailable.append(Broken(name, "there is no such folder"))
            continue
        found = [place] if (place / "manifest.toml").is_file() else list(_feeds(place, depth=2))
        if not found:
            unavailable.append(Broken(name, "no manifest.toml in this folder or two levels below"))
        yield from ((name, folder) for folder in found)
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda each: each.name):
        origin = f"{entry.name} = {entry.value}"
        try:
            package = resources.files(entry.value)
            found = [package] if (package / "manifest.toml").is_file() else list(_feeds(package, depth=2))
        except Exception as error:  # noqa: BLE001 - a stranger's package may fail in any way and must not stop us
            unavailable.append(Broken(origin, f"{type(error).__name__}: {error}"))
            continue
        yield from ((origin, folder) for folder in found)


def connector_class(source: Source) -> type[Connector]:
    """Give the connector class of a feed: its own where `connector.py` stands, else the manifest's."""
    file = source.folder / "connector.py"
    if not file.is_file():
        return ManifestConnector
    with resources.as_file(file) as path:
        name = f"connectors_of_{source.manifest.key.replace('.', '_')}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ManifestError(f"{file} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    made = getattr(module, FACTORY, None)
    if not (isinstance(made, type) and issubclass(made, Connector)):
        raise ManifestError(f"{file} holds no class {FACTORY} that is a Connector")
    return made
