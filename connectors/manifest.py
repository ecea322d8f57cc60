"""What is declared about a source: a TOML file that is checked to the last name before anything runs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from connectors.columns import column_name
from connectors.manifest_mapping import MappingRules
from connectors.manifest_rows import RowRules
from connectors.transport_settings import (
    ColumnName,
    FilesSettings,
    Push,
    PushSettings,
    Schedule,
    SingerSettings,
    Transport,
    WriteBack,
)
from schemas.base import Schema

POSITIONS = frozenset({"#", "row", "row_no", "rownum", "index", "行号", "序号"})


class ManifestError(ValueError):
    """A manifest cannot be used; the message names the file, the place in it and what is wrong."""


class Title(Schema):
    """A name in both languages."""

    zh: str
    en: str


class Key(Schema):
    """What makes a row the same record: raw values, untrimmed.

    `columns` is the key, or `any_of` the first list whose columns are all filled; `content` takes the row's whole
    content where no list is. A place in a list is never a key.
    """

    columns: tuple[ColumnName, ...] = ()
    any_of: tuple[tuple[ColumnName, ...], ...] = ()
    content: bool = False

    @property
    def choices(self) -> tuple[tuple[str, ...], ...]:
        """The lists of columns to try, in order."""
        return ((self.columns,) if self.columns else ()) + self.any_of

    @model_validator(mode="after")
    def _is_no_position(self) -> Key:
        if not self.choices and not self.content:
            raise ValueError("a key needs `columns`, `any_of` or `content = true`")
        if any(not choice for choice in self.any_of):
            raise ValueError("an empty list of columns is no key")
        for name in (name for choice in self.choices for name in choice):
            if name.lower() in POSITIONS or name.isdigit():
                raise ValueError(f"{name!r} is a place in a list, not a key: a row's place changes")
        return self


class Version(Schema):
    """What orders two states of a record; later columns break ties of earlier ones."""

    columns: tuple[ColumnName, ...] = Field(min_length=1)
    kind: Literal["timestamp", "integer", "text"] = "timestamp"
    """Of the first column; the others are text of one width."""


class Retraction(Schema):
    """The rows that take a record back: `column` says `value`; `reason` says why."""

    column: ColumnName
    value: str
    reason: ColumnName | None = None


class Range(Schema):
    """What is believable, in yuan or square metres; beyond it the value is kept with a doubt."""

    min: float | None = None
    max: float | None = None


class Manifest(MappingRules, RowRules):
    """One source of one department: identity, road, key, and what its columns mean."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
    title: Title
    department: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    owner: str
    tier: Literal["bronze", "silver", "gold"] = "bronze"
    transport: Transport
    schedule: Schedule | None = None
    push: Push | None = None
    identity: Key
    version: Version | None = None
    listing: Literal["changes", "full"] = "changes"
    volatile: tuple[ColumnName, ...] = ()
    retraction: Retraction | None = None
    write_back: WriteBack | None = None
    assertions: dict[str, Range] = {}
    exempt: dict[Annotated[str, Field(pattern=r"^C([2-9]|10)$")], Annotated[str, Field(min_length=3)]] = {}

    @model_validator(mode="after")
    def _holds_together(self) -> Manifest:
        if not self.key.startswith(f"{self.department}."):
            raise ValueError(f"key {self.key!r} must begin with its department, {self.department!r}")
        if isinstance(self.transport, PushSettings) and self.push is None:
            raise ValueError("a pushed source needs [push] with the variables of its secrets")
        if isinstance(self.transport, FilesSettings) and self.transport.version and self.version:
            raise ValueError("give `version` by columns or by the file's name, one of them")
        if (
            isinstance(self.transport, SingerSettings)
            and self.transport.replication_key
            and self.listing == "full"
        ):
            raise ValueError("a full listing begins anew each time: it has no `replication_key`")
        for name in self.assertions:
            if name not in {
                *(f"money.{field}" for field in self.money),
                *(f"areas.{field}" for field in self.areas),
            }:
                raise ValueError(f"assertions: {name!r} is no declared money or area (write money.NAME)")
        self._check_write_back()
        self.check_mapping(self._own_columns())
        if unknown := sorted(set(self.row_columns()) - self.known_columns()):
            raise ValueError(f"{', '.join(unknown)} is neither mapped nor ignored")
        return self

    def _check_write_back(self) -> None:
        told = self.write_back
        if told is None:
            return
        if self.transport.kind != "table":
            raise ValueError("only a table can be written back to")
        if told.accepted == told.rejected or {told.accepted, told.rejected} & set(told.untold):
            raise ValueError("write_back: `accepted`, `rejected` and `untold` must be told apart")
        for name in filter(None, (told.status, told.reason)):
            if column_name(name) not in self.volatile:
                raise ValueError(f"write_back: {name} must be volatile, or our stamp would come back as news")
            if name in {self.transport.updated, self.transport.id} or column_name(name) in set(
                self._own_columns()
            ):
                raise ValueError(f"write_back: {name} tells records or their versions apart: it is not ours")

    def _own_columns(self) -> Iterator[str]:
        for choice in self.identity.choices:
            yield from choice
        if self.version:
            yield from self.version.columns
        if self.retraction:
            yield self.retraction.column
            if self.retraction.reason:
                yield self.retraction.reason

    def known_columns(self) -> frozenset[str]:
        """Every column this manifest understands: mapped, or ignored on purpose."""
        unread = (*self.ignore, *self.persons)
        return frozenset((*self._own_columns(), *self.volatile, *self.mapped_columns(), *unread))

    def needed_columns(self) -> frozenset[str]:
        """The columns a listing must have to be the one described here."""
        named = (*self._own_columns(), *self.mapped_columns())
        return frozenset(named) - frozenset(self.optional)


def load(folder: Path | Traversable) -> Manifest:
    """Read `manifest.toml` of a feed's folder; the key must be `<department folder>.<feed folder>`.

    Raises ManifestError, whose message names the file and every wrong place in it.
    """
    file = folder / "manifest.toml"
    try:
        manifest = parse(file.read_text(encoding="utf-8"), where=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file}: cannot be read: {error}") from error
    own, above = folder.name, Path(str(folder)).resolve().parent.name
    if manifest.key != f"{above}.{own}":
        raise ManifestError(
            f"{file}: key is {manifest.key!r}, but the folder {above}/{own} says {f'{above}.{own}'!r}"
        )
    return manifest


def parse(text: str, where: str = "manifest.toml") -> Manifest:
    """Read a manifest's text; raise ManifestError naming each wrong place."""
    try:
        return Manifest.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{where}: not TOML: {error}") from error
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(str(part) for part in found['loc']) or 'manifest'}: {found['msg']}"
            for found in error.errors(include_url=False)
        )
        raise ManifestError(f"{where}: {places}") from error
