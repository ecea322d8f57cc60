"""What every question and answer shares: bounded texts, pages of a list, problems."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from schemas.base import Schema
from schemas.places import region_of
from schemas.tables import paths

T = TypeVar("T")

# PostgreSQL keeps no NUL, and what is bounded here cannot be large in a log, a key or a plan
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
LongWords = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
RowKey = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
PublicId = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}-[a-z0-9]{1,40}$")]
SourceKey = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Jurisdiction = Annotated[int, Field(ge=1, le=999_999_999)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


def _written(said: object) -> object:
    """Refuse a bare number, which would be read as seconds since 1970."""
    if isinstance(said, str) and not said[:5].endswith("-"):
        raise ValueError("write the moment as 2024-05-20T08:00:00+08:00")
    return said


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]


def _district(said: str) -> str:
    if region_of(said) is None:
        raise ValueError("no district has this code; write its six digits, as 430204")
    return said


def _path(said: str) -> str:
    if said not in paths():
        raise ValueError(f"no such path; there are {', '.join(sorted(paths()))}")
    return said


# an unknown word would find nothing, which reads as if there were nothing
District = Annotated[Words, AfterValidator(_district)]
ProjectPath = Annotated[Words, AfterValidator(_path)]


class Fault(Schema):
    """One value of a request that cannot be used: where it stands and what is wrong with it."""

    where: str
    message: str


class Problem(Schema):
    """Why a request was not answered (RFC 9457); `type` is stable, the texts are for a person."""

    type: str
    title: str
    title_zh: str
    status: int
    detail: str
    instance: str
    faults: tuple[Fault, ...] = ()


class Listed(Schema, Generic[T]):
    """One page of a list; `next` is the address of the following page, None at the end."""

    items: tuple[T, ...]
    next: str | None


class Asked(Schema):
    """What every question may say: the jurisdiction it is about, by default the caller's or the hub's own."""

    jurisdiction: Jurisdiction | None = None


class Paged(Asked):
    """A question whose answer is a list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$")] | None = None


class PagedOfProject(Schema):
    """A question about the records of one project; its jurisdiction is that of the id."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$")] | None = None


class Counts(Schema):
    """The accounting of rule 6: received = kept + unchanged + unreadable; kept = accepted + rejected once normalized."""

    received: int = 0
    kept: int = 0
    unchanged: int = 0
    unreadable: int = 0
    accepted: int = 0
    rejected: int = 0
