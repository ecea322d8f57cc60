"""Rows like the sample's, as many as make pages, some of them with one and the same update time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from connectors.columns import column_name
from connectors.strict_json import loads
from connectors.testing.feed import Feed, NothingSeen
from schemas.records import Op

MINUTES = (0, 1, 1, 1, 1, 1, 2, 3)
"""When each row was updated: more of them at once than a page holds."""
PAGE = 2
_BEGIN = datetime(2024, 1, 1, 8, 30)  # noqa: DTZ001 - a wall clock's text, as a department writes it


def rows(feed: Feed, times: Collection[str], numbers: Collection[str] = ()) -> list[dict[str, Any]]:
    """Give rows of different keys: the columns `times` say when they were updated, `numbers` are unique and ascend."""
    return [_row(feed, number, minute, times, numbers) for number, minute in enumerate(MINUTES, start=1)]


def late(feed: Feed, times: Collection[str], numbers: Collection[str] = ()) -> dict[str, Any]:
    """Give a row that appears after all others were read, and bears the update time of the last."""
    return _row(feed, 0, MINUTES[-1], times, numbers)


def _row(
    feed: Feed, number: int, minute: int, times: Collection[str], numbers: Collection[str]
) -> dict[str, Any]:
    stating = [raw for raw in feed.raws if raw.op is Op.UPSERT]
    if not stating:
        raise NothingSeen("the sample has no row that states anything, so there is nothing to make pages of")
    like: dict[str, Any] = loads(stating[0].body)
    row: dict[str, Any] = loads(stating[number % len(stating)].body)
    heads = {column_name(head): head for head in like} | {column_name(head): head for head in row}
    for name in times:
        row[heads.get(name, name)] = _at(minute, like.get(heads.get(name, name)))
    for name in numbers:
        row[heads.get(name, name)] = f"{number:08d}"
    free = [name for name in heads if name not in {*times, *numbers}]
    key = next((choice for choice in feed.manifest.identity.choices if _filled(row, heads, choice)), ())
    if changed := [name for name in key if name in free] or ([] if key else free):
        row[heads[changed[0]]] = f"{row.get(heads[changed[0]]) or ''}-{number}"
    return row


def _filled(row: dict[str, Any], heads: dict[str, str], choice: tuple[str, ...]) -> bool:
    return all(str(row.get(heads.get(name, name)) or "").strip() for name in choice)


def _at(minute: int, like: Any) -> Any:
    """Give an update time in the form of the sample's: a text, a day, a number."""
    said = str(like or "")
    if said.isdigit() and len(said) != len("20240101"):
        return type(like)(int(said) + minute)
    at = _BEGIN + (
        timedelta(days=minute) if 0 < len(said) <= len("2024-01-01") else timedelta(minutes=minute)
    )
    text = at.isoformat("T" if "T" in said else " ", "seconds")
    return at.strftime("%Y%m%d") if said.isdigit() else text[: len("2024-01-01")] if len(said) == 10 else text
