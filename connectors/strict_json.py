"""The one place where a department's JSON is believed: exact numbers, no doubled keys, nothing a database refuses."""

from __future__ import annotations

import codecs
import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import msgspec

MAX_DEPTH = 64
MAX_DIGITS = 1000
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
has_gap = re.compile(rb'"[ \t\r\n]+:').search
"""Find a name that is parted from its colon: where there is none, names can be counted by their colons."""
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % MAX_DIGITS)
_BRACKETS = re.compile(rb"[\[\]{}]")


class StrictJsonError(ValueError):
    """A body the hub will not read: rule `json.*`, with words for the department."""

    def __init__(self, rule: str, zh: str, en: str) -> None:
        super().__init__(f"{rule}: {en}")
        self.rule, self.zh, self.en = rule, zh, en


def loads(body: bytes) -> Any:
    """Read one JSON value: decimals as Decimal, integers exact, names unique, depth at most 64.

    Raises StrictJsonError with rule `json.encoding`, `json.depth`, `json.not_finite`, `json.number`,
    `json.duplicate_key`, `json.nul_char`, `json.lone_surrogate` or `json.invalid`.
    """
    row = _flat(body)
    return loads_strictly(body) if row is None else row


def _flat(body: bytes) -> dict[str, Any] | None:
    """Read a row as nearly all are: one object without another in it; None for whatever might be anything else.

    No name stands twice where as many stand before a colon as are found. What else `loads` refuses, this reader refuses
    as well, or it is looked for.
    """
    if (
        body.count(b"{") != 1
        or body.count(b"[") >= MAX_DEPTH
        or b"\\u0000" in body
        or has_gap(body)
        or (len(body) > MAX_DIGITS and _LONG_NUMBER.search(body))
    ):
        return None
    try:
        row = _FAST.decode(body)
    except (msgspec.MsgspecError, ValueError):
        return None
    return row if isinstance(row, dict) and len(row) == body.count(b'":') else None


def loads_strictly(body: bytes) -> Any:
    """Read as `loads` promises, name by name, and say what is wrong."""
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        raise StrictJsonError("json.encoding", "内容不是 UTF-8 编码", "the body is not UTF-8") from None
    _check_depth(body)
    try:
        value = _READER.decode(text)
    except StrictJsonError:
        raise
    except (ValueError, RecursionError) as error:
        if "\0" in text:
            raise _nul() from None
        raise StrictJsonError("json.invalid", f"不是合法的 JSON:{error}", f"not JSON: {error}") from None
    if "\\u" in text or "\\U" in text:
        _check_strings(value)
    return value


def dumps(value: Any) -> bytes:
    """Write JSON in the canonical form bodies are hashed in: sorted names, no blanks, UTF-8, decimals as said."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_as_text
    ).encode("utf-8", "surrogatepass")


def _as_text(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _check_depth(body: bytes) -> None:
    """Count brackets outside strings; cheap bodies are let through on their bracket count alone."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for sign in _BRACKETS.findall(_STRING.sub(b"", body)):
        depth += 1 if sign in b"[{" else -1
        if depth > MAX_DEPTH:
            raise StrictJsonError(
                "json.depth", f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH} levels"
            )


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent that no machine word holds
        number = Decimal("Infinity")
    if len(text) > MAX_DIGITS or not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise StrictJsonError("json.number", f"数值过大:{text[:40]}", f"a number beyond measure: {text[:40]}")
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise StrictJsonError(
            "json.number", f"整数超过 {MAX_DIGITS} 位", f"an integer of more than {MAX_DIGITS} digits"
        )
    return int(text)


def _not_finite(text: str) -> NoReturn:
    raise StrictJsonError("json.not_finite", f"出现 {text},不是数值", f"{text} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # add() is always false
        raise StrictJsonError(
            "json.duplicate_key", f"字段 {twice} 出现两次", f"the name {twice} stands twice in one object"
        )
    return made


_FAST = msgspec.json.Decoder(float_hook=_decimal)
_READER = json.JSONDecoder(
    parse_float=_decimal, parse_int=_integer, parse_constant=_not_finite, object_pairs_hook=_unique
)


def _nul() -> StrictJsonError:
    return StrictJsonError("json.nul_char", "文本含空字符(NUL)", "a text holds the character NUL")


def _check_strings(value: Any) -> None:
    """Refuse NUL and half characters in any string; only escapes can bring them in."""
    if isinstance(value, str):
        if "\0" in value:
            raise _nul()
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise StrictJsonError("json.lone_surrogate", "文本含不完整字符", "a text holds half a character")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_strings(name)
            _check_strings(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_strings(inner)
