"""What departments say: raw records and pages, and what normalizing makes of them: statements or a rejection."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, TypeAdapter

from schemas.base import Schema, Value
from schemas.identifiers import Identifier
from schemas.lifecycle import Evidence, Planned
from schemas.measures import Area, Money
from schemas.parties import Party
from schemas.places import Place


class Op(StrEnum):
    """What a raw record asks for."""

    UPSERT = "upsert"
    DELETE = "delete"


class RawRecord(NamedTuple):
    """One source row exactly as said; `version` sorts bytewise in the source's own order, '' where it has none."""

    source: str
    key: str
    body: bytes
    hash: bytes
    version: str = ""
    op: Op = Op.UPSERT


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row without a usable key or form: it is counted and kept, and never guessed at."""

    rule: str
    body: bytes
    zh: str
    en: str


RULES_BYTES, SAID_BYTES = 4, 20
"""What a glance's hash begins with, equal for rows that are read by the same rules; and how long it is."""


class Glance(NamedTuple):
    """What tells that a row says again what was said before, without reading it.

    `key` is its key as far as one can see; `said` is a hash of the rules by which it is read (RULES_BYTES), then one of
    its bytes.
    """

    key: str
    said: bytes


class Listing(StrEnum):
    """How much of the source a page belongs to: only a full listing that ended cleanly may delete by absence."""

    CHANGES = "changes"
    FULL = "full"
    FULL_END = "full_end"


@dataclass(frozen=True, slots=True)
class Page:
    """One pulled page or file arrival: its rows in order, and the cursor that resumes after it.

    `version` is the whole listing's, as its rows bear it; '' where only the order of arrival tells old from new.
    `glances` has one for each row, or is empty; where it is not, a row is only read when it is asked for.
    `said` is a hash of all its rows' bytes and of the rules by which they are read; empty where nobody made one.
    `last` says that nothing follows, no error either; whoever cannot tell beforehand leaves it.
    """

    rows: Sequence[RawRecord | Unreadable]
    cursor: str
    listing: Listing = Listing.CHANGES
    sender: str = ""
    version: str = ""
    glances: Sequence[Glance | None] = ()
    said: bytes = b""
    last: bool = False


class Head(NamedTuple):
    """Where a record stands: highest version seen, its content, and the row that said it and the one that began it."""

    source: str
    key: str
    version: str
    op: str
    hash: bytes
    delivery_no: int
    row_no: int
    first_delivery: int
    first_row: int
    said: bytes = b""
    """The bytes it stands on, hashed as a glance does it; empty where nobody may rely on them."""


def content_hash(body: bytes) -> bytes:
    """Hash a row's content: BLAKE2b, 16 bytes."""
    return hashlib.blake2b(body, digest_size=16).digest()


class Responsible(StrEnum):
    """Who must act on a rejection or an issue."""

    DEPARTMENT = "department"
    HUB = "hub"


class Severity(StrEnum):
    """How much an issue weighs: a note, a doubt, or a value that was dropped."""

    NOTE = "note"
    DOUBT = "doubt"
    DROPPED = "dropped"


class Issue(Value):
    """A value changed, doubted or dropped while its record was accepted."""

    rule: str
    field: str
    value: str | None
    severity: Severity
    responsible: Responsible = Responsible.DEPARTMENT
    zh: str
    en: str


class Rejection(Schema):
    """Why a raw record would not normalize, and who must act."""

    rule: str
    field: str | None
    value: str | None
    responsible: Responsible = Responsible.DEPARTMENT
    zh: str
    en: str


class ProjectRecord(Value):
    """One department's statement about one project (or one works section or parcel of it); it is matched.

    `bears` are numbers this very record was given; `cites` are numbers of other records it mentions.
    Money is in yuan, areas in square metres.
    """

    kind: Literal["project"] = "project"
    source: str
    key: str
    department: str
    name: str | None = None
    bears: tuple[Identifier, ...] = ()
    cites: tuple[Identifier, ...] = ()
    parties: tuple[Party, ...] = ()
    place: Place = Place()
    industry: str | None = None
    path_hint: str | None = None
    land_mode: str | None = None
    status: str | None = None
    works_class: Literal["building", "municipal", "other"] | None = None
    works: str | None = None
    parcel: str | None = None
    money: dict[str, Money] = {}
    areas: dict[str, Area] = {}
    evidence: tuple[Evidence, ...] = ()
    planned: tuple[Planned, ...] = ()
    texts: dict[str, str] = {}
    stated_at: str | None = None


class PartRecord(Value):
    """What hangs on its parent by the department's own key and is never matched.

    A works, a unit (单体), a parcel, an event, an approval item (审批事项实例) or a document given in one (批文).
    """

    kind: Literal["part"] = "part"
    source: str
    key: str
    department: str
    part: Literal["works", "unit", "parcel", "event", "item", "document"]
    parent_source: str
    parent_key: str
    name: str | None = None
    bears: tuple[Identifier, ...] = ()
    cites: tuple[Identifier, ...] = ()
    money: dict[str, Money] = {}
    areas: dict[str, Area] = {}
    evidence: tuple[Evidence, ...] = ()
    planned: tuple[Planned, ...] = ()
    texts: dict[str, str] = {}
    stated_at: str | None = None


Statement = Annotated[ProjectRecord | PartRecord, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A raw record that was understood: its statements (none for a delete) and the issues met."""

    statements: tuple[ProjectRecord | PartRecord, ...]
    issues: tuple[Issue, ...] = ()


Outcome = Accepted | Rejection
_STATEMENTS = TypeAdapter(tuple[Statement, ...])
_ISSUES = TypeAdapter(tuple[Issue, ...])


def checked_outcome(outcome: Outcome) -> Outcome:
    """Give an outcome with every schema itself where a struct stood in for it; raises ValidationError for a wrong value."""
    if isinstance(outcome, Rejection):
        return outcome
    return Accepted(_STATEMENTS.validate_python(outcome.statements), _ISSUES.validate_python(outcome.issues))
