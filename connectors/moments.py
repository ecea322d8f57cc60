"""Update times in the forms systems write them, rendered to one text that sorts bytewise."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
_FORM = re.compile(
    r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[T ]?(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r" ?(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
_ALMOST = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\+08:00)?", re.ASCII)
"""Nearly the text that sorts already."""
_EPOCH = re.compile(r"\d{10}|\d{13}", re.ASCII)


def read(text: str) -> datetime | None:
    """Read a moment, as China time where no offset is said; epoch seconds and milliseconds too; else None."""
    said = text.strip()
    try:
        if _EPOCH.fullmatch(said):
            return datetime.fromtimestamp(int(said) / (1000 if len(said) == 13 else 1), UTC).astimezone(CHINA)
        if not (found := _FORM.fullmatch(said)):
            return None
        year, month, day, hour, minute, second = (int(found[place] or 0) for place in range(1, 7))
        micro = int((found[7] or "0").ljust(6, "0")[:6])
        zone = CHINA
        if (offset := found[8]) and offset.upper() != "Z":
            ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
            zone = timezone(-ahead if offset[0] == "-" else ahead)
        elif offset:
            zone = timezone(timedelta())
        return datetime(year, month, day, hour, minute, second, micro, zone).astimezone(CHINA)
    except (ValueError, OverflowError):
        return None


def render(at: datetime) -> str:
    """Write a moment in China time as `YYYY-MM-DD HH:MM:SS.ffffff`."""
    return at.astimezone(CHINA).replace(tzinfo=None).isoformat(" ", "microseconds")


def moment(text: str) -> str | None:
    """Give the sortable text of a moment as said, or None when it is none."""
    if _ALMOST.fullmatch(text):  # as most systems write it
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return None
        return f"{text[:10]} {text[11:19]}.000000"
    found = read(text)
    return render(found) if found else None
