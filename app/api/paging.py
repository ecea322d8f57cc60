"""Pages of a list by keyset: the cursor is the place of the last item shown, opaque to whoever holds it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from app.errors import BadRequest
from schemas.api.shapes import Listed

T = TypeVar("T")
P = TypeVar("P")


def place(kind: TypeAdapter[P], cursor: str | None) -> P | None:
    """Give the place a cursor names; raise BadRequest for one that names no place of this list."""
    if cursor is None:
        return None
    try:
        said = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return kind.validate_json(said)
    except (binascii.Error, ValidationError) as error:
        raise BadRequest("this is no cursor of this list; start again without it") from error


def listed(
    request: Request, found: Sequence[T], limit: int, kind: TypeAdapter[P], place_of: Callable[[T], P]
) -> Listed[T]:
    """Give the first `limit` of what was found (which is one more when there is more) and the way to the rest."""
    following = None
    if len(found) > limit:
        said = kind.dump_json(place_of(found[limit - 1]))
        following = onward(request, cursor=base64.urlsafe_b64encode(said).decode("ascii").rstrip("="))
    return Listed(items=tuple(found[:limit]), next=following)


def onward(request: Request, **parameters: str) -> str:
    """Give this request's own address with other parameters."""
    url = request.url.include_query_params(**parameters)
    return f"{url.path}?{url.query}"
