"""Accounts and their keys, as the security admin sees and changes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from schemas.api.shapes import Words
from schemas.base import Schema

Several = Annotated[tuple[Words, ...], Field(max_length=200)]
Days = Annotated[int, Field(ge=1, le=3650)]


class RightsGiven(Schema):
    """Roles, and the departments (`housing`) and districts (`430204`) they are used in; `all` is every one."""

    roles: Several
    departments: Several = ()
    districts: Several = ()


class NewAccount(RightsGiven):
    """An account to be made, with a first key that holds so many days, or until it is revoked."""

    name: Words
    days: Days | None = None


class NewKey(Schema):
    """A further key of an account, which is to take the place of the one in use."""

    days: Days | None = None


class KeyMade(Schema):
    """A key's text, which nobody can be shown again."""

    name: str
    key: str


class KeyView(Schema):
    """A key: how long it holds, and when it was last used (to the minute)."""

    key_id: str
    created_at: datetime
    begins_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


class AccountView(Schema):
    """An account with its keys; `*` is every department or district."""

    name: str
    roles: tuple[str, ...]
    departments: tuple[str, ...]
    districts: tuple[str, ...]
    created_by: str
    created_at: datetime
    disabled_at: datetime | None
    keys: tuple[KeyView, ...]
