"""Cutting a JSON answer into its rows without decoding them: each row stays the byte slice it was."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_BOM = b"\xef\xbb\xbf"


class NotSplittable(ValueError):
    """The bytes are no JSON of the shape that was asked for."""


def members(body: bytes) -> dict[str, bytes]:
    """Give an object's members as slices; raise NotSplittable when it is none."""
    try:
        return {name: bytes(raw) for name, raw in _OBJECT.decode(body.removeprefix(_BOM)).items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotSplittable(str(error)) from None


def items(body: bytes) -> list[bytes]:
    """Give a list's items as slices; raise NotSplittable when it is none."""
    try:
        return [bytes(raw) for raw in _LIST.decode(body.removeprefix(_BOM))]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotSplittable(str(error)) from None


def at(body: bytes, pointer: str) -> bytes | None:
    """Follow a dotted pointer into objects; None where a name is missing; raise NotSplittable off the road."""
    for name in filter(None, pointer.split(".")):
        found = members(body).get(name)
        if found is None:
            return None
        body = found
    return body


def text_at(body: bytes, pointer: str) -> str | None:
    """Give the scalar under a pointer as text, None where there is none or null."""
    raw = at(body, pointer)
    if raw is None or raw == b"null":
        return None
    if raw[:1] == b'"':
        try:
            return msgspec.json.decode(raw, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotSplittable(str(error)) from None
    return raw.decode("ascii", "replace")


def records(body: bytes, pointer: str) -> Iterator[bytes]:
    """Give the rows of a message: a list, lines of JSON, an object that holds them under `pointer`, or one object.

    Raises NotSplittable for anything else; a line that is no JSON is given as it is, for its reader to refuse.
    """
    plain = body.removeprefix(_BOM).strip()
    if plain.startswith(b"["):
        yield from items(plain)
        return
    try:
        holder = members(plain)
    except NotSplittable:
        lines = [line.strip() for line in plain.splitlines() if line.strip()]
        if len(lines) < 2 or not any(line.startswith(b"{") and line.endswith(b"}") for line in lines):
            raise
        yield from lines
        return
    inner = at(plain, pointer) if pointer and pointer.split(".", maxsplit=1)[0] in holder else None
    yield from items(inner) if inner is not None and inner.startswith(b"[") else [plain]
