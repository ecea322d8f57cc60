"""Cutting a JSON answer into its rows without decoding them: each row stays the byte slice it was."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|["\[\]{},:]', re.DOTALL)


class NotSplittable(ValueError):
    """The bytes are no JSON of the shape that was asked for."""


def members(body: bytes) -> dict[str, bytes]:
    """Give an object's members as slices, whatever stands in them; raise NotSplittable when it is no object."""
    body = body.removeprefix(_BOM)
    try:
        return {name: bytes(raw) for name, raw in _OBJECT.decode(body).items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {_name(part): value for part, value in map(_pair, _cut(body, b"{", b"}"))}


def items(body: bytes) -> list[bytes]:
    """Give a list's items as slices, whatever stands in them; raise NotSplittable when it is no list."""
    body = body.removeprefix(_BOM)
    try:
        return [bytes(raw) for raw in _LIST.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return list(_cut(body, b"[", b"]"))


def _cut(body: bytes, opening: bytes, closing: bytes) -> Iterator[bytes]:
    """Cut a list or object at its own commas by brackets and quotes alone: one rotten row must not spoil the others."""
    body = body.strip()
    if not (body.startswith(opening) and body.endswith(closing)):
        raise NotSplittable(f"the text is not between {opening.decode()} and {closing.decode()}")
    depth, start, parts = 0, 1, []
    for token in _TOKEN.finditer(body):
        sign = token[0]
        if sign == b'"':
            raise NotSplittable("a text has no end")
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
            if depth == 0 and token.end() != len(body):
                raise NotSplittable("something follows the end")
        if (sign == b"," and depth == 1) or depth == 0:
            parts.append(body[start : token.start()].strip())
            start = token.end()
    if depth != 0:
        raise NotSplittable("brackets do not match")
    yield from parts if any(parts) else []


def _pair(member: bytes) -> tuple[bytes, bytes]:
    """Cut a member into its quoted name and its value."""
    named = _TOKEN.match(member)
    rest = member[named.end() :].lstrip() if named else b""
    if named is None or not rest.startswith(b":"):
        raise NotSplittable("a member has no name")
    return named[0], rest[1:].strip()


def _name(quoted: bytes) -> str:
    try:
        return msgspec.json.decode(quoted, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return quoted.decode("utf-8", "replace")


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
