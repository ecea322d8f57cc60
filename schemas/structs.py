"""The schemas of statements and documents as msgspec structs: same names, fields and JSON, at a fraction of the cost. Pure.

Pydantic says what a statement and a document are, and checks what comes from outside. What the hub wrote itself, or makes
by the thousand with parsers of its own, needs no check when it runs: the type checker holds it to the very same schemas.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache, reduce
from types import UnionType
from typing import Any, Literal, ParamSpec, TypeVar, cast, get_args, get_origin

import msgspec

from schemas.base import Schema

P = ParamSpec("P")
S = TypeVar("S", bound=Schema)

encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
"""Write a struct as JSON; raises UnicodeEncodeError where a text holds half a character."""
_replace: Callable[..., Any] = msgspec.structs.replace


class _Stand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Stands in for a value of a schema."""

    def model_dump_json(self) -> str:
        """Give the JSON its schema would give, byte for byte."""
        return encode(self).decode()


class _Sparse(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Stands in for a value of a schema, and is written without what is no more than a default."""


def struct_of(schema: type[Schema]) -> type[Any]:
    """Give the struct of a schema: equal fields in equal order with equal defaults, frozen, and nothing checked."""
    return _struct(schema, False)


def maker(schema: Callable[P, S]) -> Callable[P, S]:
    """Give the struct of a schema for what our own parsers make, written without its defaults as statements are stored."""
    return cast("Callable[P, S]", _struct(cast("type[Schema]", schema), True))


@cache
def _struct(schema: type[Schema], sparse: bool) -> type[Any]:
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, field in schema.model_fields.items():
        kind = _kind(field.annotation, sparse)
        if field.is_required():
            fields.append((name, kind))
        else:
            fields.append((name, kind, _default(field.default, sparse)))
    return msgspec.defstruct(
        schema.__name__,
        fields,
        bases=(_Sparse if sparse else _Stand,),
        module=__name__,
        frozen=True,
        kw_only=True,
        gc=False,
    )


def _kind(said: Any, sparse: bool) -> Any:
    """Give a field's type with every schema in it as its struct."""
    if isinstance(said, type) and issubclass(said, Schema):
        return _struct(said, sparse)
    inside = get_args(said)
    if not inside or get_origin(said) is Literal:
        return said
    kinds = tuple(_kind(each, sparse) for each in inside)
    return reduce(operator.or_, kinds) if isinstance(said, UnionType) else get_origin(said)[kinds]


@cache
def _empty(schema: type[Schema], sparse: bool) -> Any:
    return _struct(schema, sparse)()


def nothing_of(schema: type[S]) -> S:
    """Give the one struct by `maker` that says nothing: where it is a field's default, it is told by its identity."""
    return cast("S", _empty(schema, True))


def _default(value: Any, sparse: bool) -> Any:
    return _empty(type(value), sparse) if isinstance(value, Schema) else value


def is_struct(value: object) -> bool:
    """Tell a struct from a value of the schema it stands in for."""
    return isinstance(value, msgspec.Struct)


def changed(value: S, **fields: Any) -> S:
    """Give a struct with some of its fields changed."""
    made: S = _replace(value, **fields)
    return made
