"""Bodies that take part in a project."""

from __future__ import annotations

from enum import StrEnum

from schemas.base import Value
from schemas.identifiers import Identifier


class Role(StrEnum):
    """What a body is to the project."""

    INVESTOR = "investor"
    PROJECT_COMPANY = "project_company"
    OWNER = "owner"
    LAND_HOLDER = "land_holder"
    BUILDER = "builder"
    SUPERVISOR = "supervisor"


class Party(Value):
    """A body with its role; `uscc` is its unified social credit code where the record gives one."""

    role: Role
    name: str | None = None
    uscc: Identifier | None = None
