"""The schemas of statements and documents as msgspec structs: same names, fields and JSON, at a fraction of the cost. Pure.

Pydantic says what a statement and a document are, and checks what comes from outside. What the hub wrote itself, or makes
a hundred times for one project, needs no check when it runs: the type checker holds it to the very same schemas.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache, reduce
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import msgspec

from schemas import golden, lifecycle
from schemas.base import Schema
from schemas.records import PartRecord, ProjectRecord

Made = TypeVar("Made", bound=Schema)

_write = msgspec.json.Encoder().encode
_replace: Callable[..., Any] = msgspec.structs.replace


class _Stand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Stands in for a value of a schema."""

    def model_dump_json(self) -> str:
        """Give the JSON its schema would give, byte for byte."""
        return _write(self).decode()


@cache
def struct_of(schema: type[Schema]) -> type[Any]:
    """Give the struct of a schema: equal fields in equal order with equal defaults, frozen, and nothing checked."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, field in schema.model_fields.items():
        kind = _kind(field.annotation)
        if field.is_required():
            fields.append((name, kind))
        else:
            fields.append((name, kind, _default(field.default)))
    return msgspec.defstruct(
        schema.__name__, fields, bases=(_Stand,), module=__name__, frozen=True, kw_only=True, gc=False
    )


def _kind(said: Any) -> Any:
    """Give a field's type with every schema in it as its struct."""
    if isinstance(said, type) and issubclass(said, Schema):
        return struct_of(said)
    inside = get_args(said)
    if not inside or get_origin(said) is Literal:
        return said
    kinds = tuple(map(_kind, inside))
    return reduce(operator.or_, kinds) if isinstance(said, UnionType) else get_origin(said)[kinds]


def _default(value: Any) -> Any:
    return struct_of(type(value))() if isinstance(value, Schema) else value


def changed(value: Made, **fields: Any) -> Made:
    """Give a value with some of its fields changed."""
    made: Made = _replace(value, **fields)
    return made


read_project: Callable[[str], ProjectRecord] = msgspec.json.Decoder(struct_of(ProjectRecord)).decode
"""Read back a project record that the hub wrote."""
read_part: Callable[[str], PartRecord] = msgspec.json.Decoder(struct_of(PartRecord)).decode
"""Read back a part record that the hub wrote."""

if TYPE_CHECKING:
    from schemas.golden import (
        Claim,
        Contradiction,
        GoldenProject,
        LedgerStage,
        LoopLedger,
        Loser,
        Member,
        MilestoneView,
        ParcelView,
        Promise,
        Proof,
        Total,
        WorksView,
    )
    from schemas.lifecycle import Evidence
else:
    Claim = struct_of(golden.Claim)
    Contradiction = struct_of(golden.Contradiction)
    Evidence = struct_of(lifecycle.Evidence)
    GoldenProject = struct_of(golden.GoldenProject)
    LedgerStage = struct_of(golden.LedgerStage)
    LoopLedger = struct_of(golden.LoopLedger)
    Loser = struct_of(golden.Loser)
    Member = struct_of(golden.Member)
    MilestoneView = struct_of(golden.MilestoneView)
    ParcelView = struct_of(golden.ParcelView)
    Promise = struct_of(golden.Promise)
    Proof = struct_of(golden.Proof)
    Total = struct_of(golden.Total)
    WorksView = struct_of(golden.WorksView)

__all__ = [
    "Claim",
    "Contradiction",
    "Evidence",
    "GoldenProject",
    "LedgerStage",
    "LoopLedger",
    "Loser",
    "Member",
    "MilestoneView",
    "ParcelView",
    "Promise",
    "Proof",
    "Total",
    "WorksView",
    "changed",
    "read_part",
    "read_project",
    "struct_of",
]
