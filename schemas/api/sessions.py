"""Logging in, and who is logged in."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from schemas.api.shapes import Asked, Words
from schemas.base import Schema


class Login(Asked):
    """A name and its password."""

    name: Words
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Whoami(Schema):
    """Who is asking: the account, what it may do and which rows it reaches; `*` is every department or district."""

    jurisdiction: int
    name: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    departments: tuple[str, ...]
    districts: tuple[str, ...]
