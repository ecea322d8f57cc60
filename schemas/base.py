"""The one base of every schema: frozen, closed, finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict

P = ParamSpec("P")
S = TypeVar("S", bound="Schema")


class Schema(BaseModel):  # noqa: PLW1641 - pydantic gives each frozen schema its hash
    """A value that cannot change and takes no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __eq__(self, other: object) -> bool:
        """Compare every field and nothing else; pydantic's own also asks for what no schema here has, at ten times the cost."""
        return self.__class__ is other.__class__ and self.__dict__ == other.__dict__


def trusted(kind: Callable[P, S]) -> Callable[P, S]:
    """Give a maker of `kind` for what our own parsers made: it checks no value again, which takes half the time.

    Every field is named, in the order of the schema; anything else raises TypeError. What comes from outside is made
    by the schema itself.
    """
    assert isinstance(kind, type)
    assert issubclass(kind, Schema)
    order, fields = tuple(kind.model_fields), set(kind.model_fields)

    def _make(*_: P.args, **values: P.kwargs) -> S:
        if tuple(values) != order:
            raise TypeError(f"{kind.__name__} is made of {', '.join(order)}, in this order")
        made = _new(kind)
        _set(made, "__dict__", values)
        _set(made, "__pydantic_fields_set__", fields)
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made  # type: ignore[return-value]  # `kind` makes what it is

    return _make


_new, _set = object.__new__, object.__setattr__  # as pydantic's own model_construct does it
