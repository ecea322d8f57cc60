"""From a source's row to a raw record: key, version, op and content hash by the manifest; nothing is interpreted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from connectors.columns import column
from connectors.manifest import Manifest
from connectors.moments import moment
from connectors.splitting import MOST_NAMES, NotSplittable, TooMany, members
from connectors.strict_json import StrictJsonError, dumps, loads
from schemas.records import Op, RawRecord, Unreadable, content_hash

MAX_KEY_BYTES = 500
MAX_LAYOUTS = 1000
_SCALAR = msgspec.json.Decoder(str)
_NOTHING = (b"null", b'""')
_NUL = ("json.nul_char", "含空字符(NUL)", "holds the character NUL")
_CONTROL = ("json.control_char", "含未转义的控制字符", "holds a control character that is not escaped")
_HALF = ("json.lone_surrogate", "含不完整字符", "holds half a character")


class _Layout(NamedTuple):
    """Which heads make a row's content, in canonical order, and which hold key, version and retraction."""

    content: tuple[tuple[bytes, str], ...]
    read: tuple[tuple[str, str], ...]


class RowReader:
    """Reads the rows of one source by its manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self._source = manifest.key
        self._choices = manifest.identity.choices
        self._content_key = manifest.identity.content
        self._version = manifest.version
        self._retraction = manifest.retraction
        self._volatile = frozenset(manifest.volatile)
        self._read = frozenset(
            (
                *(name for choice in self._choices for name in choice),
                *(manifest.version.columns if manifest.version else ()),
                *((manifest.retraction.column,) if manifest.retraction else ()),
            )
        )
        self._layouts: dict[tuple[str, ...], _Layout] = {}

    def from_values(self, values: Mapping[str, Any]) -> RawRecord | Unreadable:
        """Read a row that came as values; its body is their canonical JSON."""
        return self.from_json(dumps(values))

    def from_json(self, body: bytes) -> RawRecord | Unreadable:
        """Read a row that came as JSON; its body stays byte for byte what was said."""
        try:
            said = members(body)
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
        content = b"\0".join([prefix + _canonical(said[head]) for prefix, head in layout.content])
        row = {name: said[head] for name, head in layout.read}
        try:
            key = self._key(row, content)
            version = self._version_of(row)
            op = self._op(row)
        except _Unusable as found:
            return Unreadable(found.rule, body, found.zh, found.en)
        return RawRecord(self._source, key, body, content_hash(content), version, op)

    def _layout(self, heads: tuple[str, ...]) -> _Layout:
        """Work out once what a set of heads means; the rows of a source have few of them."""
        named = sorted(((column(head), head) for head in heads), key=lambda pair: (pair[0].full, pair[1]))
        layout = _Layout(
            content=tuple(
                (each.full.encode("utf-8", "surrogatepass") + b"=", head)
                for each, head in named
                if each.name not in self._volatile
            ),
            read=tuple((each.name, head) for each, head in named if each.name in self._read),
        )
        if len(self._layouts) < MAX_LAYOUTS:
            self._layouts[heads] = layout
        return layout

    def _key(self, row: Mapping[str, bytes], content: bytes) -> str:
        """Join the raw values of the first list that is filled; a list after the first is marked, so that none collide."""
        for place, names in enumerate(self._choices):
            values = [_scalar(row.get(name, b"null"), name) for name in names]
            if all(value.strip("\ufeff\u200b \t\r\n\u3000\xa0") for value in values):
                key = values[0] if len(values) == 1 else "|".join(map(_escaped, values))
                key = f"{place + 1}:{key}" if place else key
                return _storable(key, single=len(values) == 1)
        if self._content_key:
            return f"content:{hashlib.blake2b(content, digest_size=16).hexdigest()}"
        named = "、".join("+".join(names) for names in self._choices)
        raise _Unusable("key.missing", f"缺少主键:{named}", f"the key is empty: {named}")

    def _version_of(self, row: Mapping[str, bytes]) -> str:
        if self._version is None:
            return ""
        first, *others = self._version.columns
        text = _scalar(row.get(first, b"null"), first)
        rendered = {"timestamp": moment, "integer": _integer, "text": _plain}[self._version.kind](text)
        if rendered is None:
            raise _Unusable(
                "version.unreadable",
                f"更新标识 {first} 无法识别:{text[:40]!r}",
                f"{first} is no {self._version.kind} the hub can order by: {text[:40]!r}",
            )
        tail = [_scalar(row.get(name, b"null"), name) for name in others]
        return "|".join((rendered, *tail))

    def _op(self, row: Mapping[str, bytes]) -> Op:
        rule = self._retraction
        if rule and _scalar(row.get(rule.column, b"null"), rule.column).strip() == rule.value:
            return Op.DELETE
        return Op.UPSERT


class _Unusable(Exception):
    def __init__(self, rule: str, zh: str, en: str) -> None:
        super().__init__(rule)
        self.rule, self.zh, self.en = rule, zh, en


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


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("|", "\\|")


def _storable(key: str, *, single: bool) -> str:
    """Keep keys short enough for an index: a long joined key becomes its hash, a long plain one is refused."""
    if len(key.encode()) <= MAX_KEY_BYTES:
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
