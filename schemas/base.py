"""The one base of every schema: frozen, closed, finite."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Schema(BaseModel):  # noqa: PLW1641 - pydantic gives each frozen schema its hash
    """A value that cannot change and takes no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __eq__(self, other: object) -> bool:
        """Compare every field and nothing else; pydantic's own also asks for what no schema here has, at ten times the cost."""
        return self.__class__ is other.__class__ and self.__dict__ == other.__dict__


class Value(Schema):
    """A schema whose values our own parsers make as structs (`schemas.structs`); those are taken where it is asked for."""

    model_config = ConfigDict(from_attributes=True)
