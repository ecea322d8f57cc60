"""Cutting a JSON answer into its rows without decoding them: each row stays the byte slice it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
Slice = msgspec.Raw | bytes
"""A value as it stands in a body."""
_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|["\[\]{},:]', re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TEXTS = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_WINDOW = 1 << 18
_BEARABLE = 500_000
"""Parts that may be made before they are counted: so many slices are little beside the body itself."""
_SIGNS = re.compile(rb",+|[\[\]{}]")
_NO_SIGNS = bytes(set(range(256)) - set(b",[]{}"))
_BEGINNING, _GUESSES = 64, 8
MOST_NAMES, MOST_ITEMS = 10_000, 200_000
"""An object of more members, or a list of more rows, is built to exhaust its reader."""


class NotSplittable(ValueError):
    """The bytes are no JSON of the shape that was asked for."""


class TooMany(NotSplittable):
    """The bytes are JSON, but of more parts than anybody means."""


class NamedTwice(NotSplittable):
    """The name that leads to the rows stands twice in one object: one of its values would be lost."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the name {name} stands twice in one object")
        self.rule = "json.duplicate_key"
        self.zh, self.en = f"字段 {name} 出现两次", f"the name {name} stands twice in one object"


def members(body: bytes) -> dict[str, bytes]:
    """Give an object's members, whatever stands in them; raise NotSplittable when it is no object."""
    return {name: bytes(value) for name, value in slices(body).items()}


def slices(body: bytes) -> Mapping[str, Slice]:
    """Give an object's members as they stand in it, not yet copied; raise NotSplittable when it is no object."""
    body = body.removeprefix(_BOM)
    _refuse_masses(body, MOST_NAMES)
    try:
        return _OBJECT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {_name(part): value for part, value in map(_pair, _cut(body, b"{", b"}"))}


def items(body: bytes) -> list[bytes]:
    """Give a list's items as slices, whatever stands in them; raise NotSplittable when it is no list."""
    body = body.removeprefix(_BOM)
    if body.count(b",") > _BEARABLE:
        _refuse_masses(body, MOST_ITEMS)
    try:
        found = [bytes(raw) for raw in _LIST.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = list(_cut(body, b"[", b"]"))
    if len(found) > MOST_ITEMS:
        raise TooMany(f"more than {MOST_ITEMS} parts")
    return found


def _refuse_masses(body: bytes, most: int) -> None:
    """Raise TooMany for more than `most` parts, before any is made; most bodies pass on their count of commas alone."""
    if body.count(b",") < most:
        return
    depth, parts, run = 0, 1, 0
    for signs in _signs(body):
        for found in _SIGNS.finditer(signs):
            sign = found[0]
            if sign[:1] == b",":
                run += len(sign)
                parts += len(sign) if depth == 1 else 0
                if parts > most or run > MOST_ITEMS:
                    raise TooMany(f"more than {most} parts")
            else:
                run = 0
                depth += 1 if sign in b"[{" else -1


def _signs(body: bytes) -> Iterator[bytes]:
    """Give brackets and commas outside texts, window by window: what is measured here may be built to fill memory."""
    place = 0
    while place < len(body):
        whole = _TEXTS.match(body, place, place + _WINDOW)
        end = whole.end() if whole else place
        if end == place:  # a text longer than the window, or one without an end
            text = _STRING.match(body, place)
            end = text.end() if text else len(body)
        yield _STRING.sub(b"", body[place:end]).translate(None, _NO_SIGNS)
        place = end


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
    yield from [] if parts == [b""] else parts


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


@lru_cache(maxsize=256)
def _only(name: str) -> msgspec.json.Decoder[msgspec.Struct]:
    """Make a reader of one member that builds none of the others."""
    fields = [("found", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)]
    return msgspec.json.Decoder(msgspec.defstruct("Only", fields, rename={"found": name}))


def _member(body: bytes, name: str) -> bytes | None:
    body = body.removeprefix(_BOM)
    try:
        found: msgspec.Raw | msgspec.UnsetType = _only(name).decode(body).found  # type: ignore[attr-defined]  # made above
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if body.startswith(b"{") and _stands_twice(body, name):
            raise NamedTwice(name) from None
        return members(body).get(name)
    value = None if isinstance(found, msgspec.UnsetType) else bytes(found)
    if _stands_twice(frame(body, value) if value else body, name):
        raise NamedTwice(name)
    return value


def frame(body: bytes, value: bytes) -> bytes:
    """Give what stands around a value that is most of a body, with null in its place; else the body itself.

    An answer's other names are looked for there, and not among all its rows.
    """
    begin = _place(body, value) if len(value) * 2 > len(body) else -1
    return body if begin < 0 else body[:begin] + b"null" + body[begin + len(value) :]


def _place(body: bytes, value: bytes) -> int:
    """Find a value that is most of a body, by its beginning first: to look for all of it costs more than to decode it."""
    begin = -1
    for _ in range(_GUESSES):
        begin = body.find(value[:_BEGINNING], begin + 1, len(body) - len(value) + _BEGINNING)
        if begin < 0 or body.startswith(value, begin):
            return begin
    return body.find(value, begin + 1)


def _stands_twice(body: bytes, name: str) -> bool:
    """Tell whether two members of an object bear a name; most bodies pass on their count of it alone."""
    if body.count(f'"{name}"'.encode()) < 2 and b"\\u00" not in body:
        return False
    return sum(_name(_pair(member)[0]) == name for member in _cut(body, b"{", b"}")) > 1


def at(body: bytes, pointer: str) -> bytes | None:
    """Follow a dotted pointer into objects; None where a name is missing.

    Raises NotSplittable off the road, NamedTwice where it forks.
    """
    for name in filter(None, pointer.split(".")):
        found = _member(body, name)
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

    Raises NotSplittable for anything else, NamedTwice where two members hold rows; a line that is no JSON is given as it is, for its reader to refuse.
    """
    plain = body.removeprefix(_BOM).strip()
    if plain.startswith(b"["):
        yield from items(plain)
        return
    first = pointer.split(".", maxsplit=1)[0]
    try:
        holds = _member(plain, first) is not None
    except NamedTwice:
        raise
    except NotSplittable:
        lines = [line.strip() for line in plain.splitlines() if line.strip()]
        if len(lines) < 2 or not any(line.startswith(b"{") and line.endswith(b"}") for line in lines):
            raise
        yield from lines
        return
    inner = at(plain, pointer) if pointer and holds else None
    yield from items(inner) if inner is not None and inner.startswith(b"[") else [plain]
