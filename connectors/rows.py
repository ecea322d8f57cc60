"""From a source's row to a raw record: key, version, op and content hash by the manifest; nothing is interpreted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from connectors.columns import column
from connectors.manifest import Manifest
from connectors.moments import moment
from connectors.splitting import MOST_NAMES, NotSplittable, Slice, TooMany, slices
from connectors.strict_json import StrictJsonError, dumps, loads
from schemas.records import Op, RawRecord, Unreadable, content_hash

MAX_KEY_BYTES = 500
MAX_LAYOUTS = 1000
BLANKS = "\ufeff\u200b \t\r\n\u3000\xa0"
"""What fills no key."""
_MOST_BYTES = 4
"""Of one character."""
_SCALAR = msgspec.json.Decoder(str)
_NOTHING = (b"null", b'""')
_NUL = ("json.nul_char", "含空字符(NUL)", "holds the character NUL")
_CONTROL = ("json.control_char", "含未转义的控制字符", "holds a control character that is not escaped")
_HALF = ("json.lone_surrogate", "含不完整字符", "holds half a character")


class Layout(NamedTuple):
    """Which heads make a row's content, in canonical order, and which hold key, version and retraction."""

    names: bytes
    """The names of the content, hashed."""
    content: tuple[tuple[bytes, str], ...]
    values: Callable[[Mapping[str, Slice]], Sequence[Slice]]
    """Gives the content's values in canonical order."""
    read: tuple[tuple[str, str], ...]
    plain: Callable[[bytes], msgspec.Struct] | None
    """Reads, of a row that says them in texts or whole numbers, what its key, version and retraction are."""


class RowReader:
    """Reads the rows of one source by its manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self._source = manifest.key
        self._choices = manifest.identity.choices
        self._content_key = manifest.identity.content
        self._version = manifest.version
        self._render = _RENDERED[manifest.version.kind] if manifest.version else _plain
        self._retraction = manifest.retraction
        self._volatile = frozenset(manifest.volatile)
        self._read = frozenset(
            (
                *(name for choice in self._choices for name in choice),
                *(manifest.version.columns if manifest.version else ()),
                *((manifest.retraction.column,) if manifest.retraction else ()),
            )
        )
        self._layouts: dict[tuple[str, ...], Layout] = {}

    def from_values(self, values: Mapping[str, Any]) -> RawRecord | Unreadable:
        """Read a row that came as values; its body is their canonical JSON."""
        return self.from_json(dumps(values))

    def from_json(self, body: bytes) -> RawRecord | Unreadable:
        """Read a row that came as JSON; its body stays byte for byte what was said."""
        try:
            said = slices(body)
        except TooMany:
            return Unreadable(
                "json.too_many_names",
                body,
                f"一行超过 {MOST_NAMES} 个字段",
                f"the row has more than {MOST_NAMES} names",
            )
        except NotSplittable:
            return Unreadable("json.not_object", body, "该行不是一个 JSON 对象", "the row is no JSON object")
        heads = tuple(said)
        if (layout := self._layouts.get(heads)) is None:
            layout = self._layout(heads)
        values = layout.values(said)
        if b"[" in body or body.find(b"{", 1) > 0:
            values = [_canonical(bytes(value)) for value in values]
        content = content_hash(layout.names + b"\0".join(values))
        if layout.plain is not None and (found := self._plainly(layout.plain, body)):
            return RawRecord(self._source, found[0], body, content, *found[1:])
        row = {name: bytes(said[head]) for name, head in layout.read}
        try:
            key = self._key(row) or self._content_key_of(layout, values)
            version = self._version_of(row)
            op = self._op(row)
        except _Unusable as refused:
            return Unreadable(refused.rule, body, refused.zh, refused.en)
        return RawRecord(self._source, key, body, content, version, op)

    def _plainly(self, plain: Callable[[bytes], msgspec.Struct], body: bytes) -> tuple[str, str, Op] | None:
        """Give key, version and op of a row as most rows are; None where it takes a closer look, to the same result."""
        try:
            said = msgspec.structs.astuple(plain(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if 0 in said:  # it may have been written as -0
            return None
        values, size = [*map(str, said)], len(self._choices[0])
        ends = size + (len(self._version.columns) if self._version else 0)
        if b"\\" in body and not _sound("".join(values)):  # only an escape can bring in what is refused
            return None
        if "" in [value.strip(BLANKS) for value in values[:size]]:
            return None
        key = join_key(values[:size])
        if len(key) * _MOST_BYTES > MAX_KEY_BYTES:
            return None
        version = self._render(values[size]) if self._version else ""
        if version is None:
            return None
        if ends > size + 1:
            version = "|".join((version, *values[size + 1 : ends]))
        rule, retracts = self._retraction, values[ends] if len(values) > ends else ""
        return key, version, Op.DELETE if rule and retracts.strip() == rule.value else Op.UPSERT

    def seen(self, body: bytes) -> tuple[str, str, Op] | None:
        """Give key, version and op of a row of the form the rows before had; None where it must be read to be told."""
        plain = next(reversed(self._layouts.values())).plain if self._layouts else None
        if plain is None or body.count(b",") >= MOST_NAMES:
            return None
        return self._plainly(plain, body)

    def key_heads(self) -> tuple[str, ...] | None:
        """Give the heads under which the rows read last have the columns of the first key; None where they lack one."""
        if not self._choices or not self._layouts:
            return None
        named = dict(next(reversed(self._layouts.values())).read)
        found = [named.get(name) for name in self._choices[0]]
        return tuple(head for head in found if head) if all(found) else None

    def _layout(self, heads: tuple[str, ...]) -> Layout:
        """Work out once what a set of heads means; the rows of a source have few of them."""
        named = sorted(((column(head), head) for head in heads), key=lambda pair: (pair[0].full, pair[1]))
        content = tuple(
            (each.full.encode("utf-8", "surrogatepass") + b"=", head)
            for each, head in named
            if each.name not in self._volatile
        )
        kept = tuple(head for _, head in content)
        layout = Layout(
            names=content_hash(b"\0".join(name for name, _ in content)),
            content=content,
            values=itemgetter(*kept) if len(kept) > 1 else lambda said: [said[head] for head in kept],
            read=tuple((each.name, head) for each, head in named if each.name in self._read),
            plain=self._plain_reader({each.name: head for each, head in named}),
        )
        if len(self._layouts) < MAX_LAYOUTS:
            self._layouts[heads] = layout
        return layout

    def _plain_reader(self, heads: Mapping[str, str]) -> Callable[[bytes], msgspec.Struct] | None:
        """Make a reader of first key, version and retraction; None where a head of the former two is missing."""
        wanted = (*self._choices[:1], self._version.columns if self._version else ())
        found = [heads.get(name, "") for names in wanted for name in names]
        if not self._choices or "" in found:
            return None
        retracts = heads.get(self._retraction.column) if self._retraction else None
        return reader_of((*found, retracts) if retracts else tuple(found))

    def _key(self, row: Mapping[str, bytes]) -> str | None:
        """Join the raw values of the first list that is filled; a list after the first is marked, so that none collide.

        None where none is filled.
        """
        for place, names in enumerate(self._choices):
            values = [_scalar(row.get(name, b"null"), name) for name in names]
            if "" not in [value.strip(BLANKS) for value in values]:
                key = join_key(values)
                key = f"{place + 1}:{key}" if place else key
                return _storable(key, single=len(values) == 1)
        return None

    def _content_key_of(self, layout: Layout, values: Sequence[Slice]) -> str:
        if self._content_key:
            content = b"\0".join(
                [prefix + value for (prefix, _), value in zip(layout.content, values, strict=True)]
            )
            return f"content:{hashlib.blake2b(content, digest_size=16).hexdigest()}"
        named = "、".join("+".join(names) for names in self._choices)
        raise _Unusable("key.missing", f"缺少主键:{named}", f"the key is empty: {named}")

    def _version_of(self, row: Mapping[str, bytes]) -> str:
        if self._version is None:
            return ""
        first, *others = self._version.columns
        text = _scalar(row.get(first, b"null"), first)
        rendered = self._render(text)
        if rendered is None:
            raise _Unusable(
                "version.unreadable",
                f"更新标识 {first} 无法识别:{text[:40]!r}",
                f"{first} is no {self._version.kind} the hub can order by: {text[:40]!r}",
            )
        for name in others:
            rendered += f"|{_scalar(row.get(name, b'null'), name)}"
        return rendered

    def _op(self, row: Mapping[str, bytes]) -> Op:
        rule = self._retraction
        if rule and _scalar(row.get(rule.column, b"null"), rule.column).strip() == rule.value:
            return Op.DELETE
        return Op.UPSERT


@lru_cache(maxsize=1000)
def reader_of(heads: tuple[str, ...]) -> Callable[[bytes], msgspec.Struct] | None:
    """Make a reader of these members where they are texts or whole numbers, '' where missing; it builds none of the others.

    None where a head is written with signs that no such reader can be made for.
    """
    names = [f"at_{place}" for place in range(len(heads))]
    renamed = dict(zip(names, heads, strict=True))
    try:
        made = msgspec.defstruct("Read", [(name, str | int, "") for name in names], rename=renamed)
    except ValueError:
        return None
    return msgspec.json.Decoder(made).decode


class _Unusable(Exception):
    def __init__(self, rule: str, zh: str, en: str) -> None:
        super().__init__(rule)
        self.rule, self.zh, self.en = rule, zh, en


def _sound(text: str) -> bool:
    """Tell whether a text has neither half a character nor NUL."""
    try:
        return b"\0" not in text.encode("utf-8")
    except UnicodeEncodeError:
        return False


def _scalar(raw: bytes, name: str) -> str:
    """Give a JSON scalar as text: strings as said, numbers digit for digit, nothing as ''."""
    if raw in _NOTHING:
        return ""
    if raw[:1] != b'"':
        if raw[:1] in (b"{", b"["):
            raise _Unusable("key.not_text", f"{name} 不是文本", f"{name} holds no plain value")
        return raw.decode("ascii", "replace")
    try:
        text = _SCALAR.decode(raw)
        if b"\\" not in raw:  # only an escape can bring in what is refused below
            return text
        text.encode("utf-8")
    except (msgspec.DecodeError, UnicodeError):
        bare = min(raw) < ord(" ")
        rule, zh, en = _NUL if 0 in raw else _CONTROL if bare else _HALF
        raise _Unusable(rule, f"{name} {zh}", f"{name} {en}") from None
    if "\0" in text:
        rule, zh, en = _NUL
        raise _Unusable(rule, f"{name} {zh}", f"{name} {en}")
    return text


def _canonical(raw: bytes) -> bytes:
    """Give a value in one form; only nested values can be written in several orders."""
    if raw[:1] not in (b"{", b"["):
        return raw
    try:
        return dumps(loads(raw))
    except StrictJsonError:
        return raw


def join_key(values: Sequence[str]) -> str:
    """Give the key that raw values make together; no other values make the same."""
    if len(values) == 1:
        return values[0]
    key = "|".join(values)
    if "\\" in key or key.count("|") >= len(values):
        return "|".join(value.replace("\\", "\\\\").replace("|", "\\|") for value in values)
    return key


def _storable(key: str, *, single: bool) -> str:
    """Keep keys short enough for an index: a long joined key becomes its hash, a long plain one is refused."""
    if len(key) * _MOST_BYTES <= MAX_KEY_BYTES or len(key.encode()) <= MAX_KEY_BYTES:
        return key
    if single:
        raise _Unusable(
            "key.too_long", f"主键超过 {MAX_KEY_BYTES} 字节", f"the key is longer than {MAX_KEY_BYTES} bytes"
        )
    return f"hash:{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"


def _integer(text: str) -> str | None:
    digits = text.strip()
    return (
        digits.lstrip("0").zfill(24) if digits.isascii() and digits.isdigit() and len(digits) <= 24 else None
    )


def _plain(text: str) -> str | None:
    return text or None


_RENDERED: Mapping[str, Callable[[str], str | None]] = {
    "timestamp": moment,
    "integer": _integer,
    "text": _plain,
}
"""How a version of each kind is read: to a text that sorts, or None."""
