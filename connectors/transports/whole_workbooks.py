"""Whether a workbook may be opened whole: what its library builds in memory is told by its parts before anything is built."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from connectors.transports.sheets import check_zip

MOST_TAGS = 1_000_000
"""Of all parts together: some 200,000 cells."""
MOST_SPREAD = 200_000
"""Cells under merged areas and links, each of which is made one by one."""
MOST_RANGES = 1 << 20
"""Bytes of lists of ranges (of validations and coloured conditions)."""
_CHUNK = 1 << 20
_TAG = re.compile(rb"<(?:[\w-]+:)?(?:mergeCell|hyperlink)\b([^>]*)")
_LIST = re.compile(rb"""\bsqref\s*=\s*["']([^"']*)""")
_REF = re.compile(rb"""\bref\s*=\s*["']([^"']*)["']""")
_AREA = re.compile(rb"([A-Z]{1,3})(\d{1,7})(?::([A-Z]{1,3})(\d{1,7}))?")


def may_be_opened(path: Path) -> bool:
    """Tell whether a workbook fits into memory as a whole; raise NotReadable for one that was built to harm."""
    check_zip(path)
    tags = spread = listed = 0
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.lower()
            if not name.endswith(".xml"):
                continue
            with archive.open(entry) as part:
                for text in _texts(part):
                    if text is None:
                        return False
                    tags += text.count(b"<")
                    if b"sqref" in text or b"mergeCell" in text or b"hyperlink" in text:
                        cells, ranges = _spread(text)
                        spread, listed = spread + cells, listed + ranges
                    if tags > MOST_TAGS or spread > MOST_SPREAD or listed > MOST_RANGES:
                        return False
    return True


def _texts(part: IO[bytes]) -> Iterator[bytes | None]:
    """Give a part in pieces that end with a tag; None for one that is not written in single bytes, or whose tag has no end."""
    held = b""
    while chunk := part.read(_CHUNK):
        held += chunk
        if b"\0" in chunk:
            yield None
            return
        end = held.rfind(b">") + 1
        if end == 0 and len(held) > 2 * _CHUNK:
            yield None
            return
        yield held[:end]
        held = held[end:]
    yield held


def _spread(text: bytes) -> tuple[int, int]:
    """Give how many cells merged areas and links lie over, and how long the lists of ranges are."""
    cells = 0
    for tag in _TAG.finditer(text):
        found = _REF.search(tag[1])
        cells += _area(found[1]) if found else 1
    return cells, sum(len(found[1]) for found in _LIST.finditer(text))


def _area(ref: bytes) -> int:
    """Give how many cells a reference covers; one of another form than B2:C3 covers too many."""
    found = _AREA.fullmatch(ref)
    if found is None:
        return MOST_SPREAD + 1
    if found[3] is None:
        return 1
    columns = _number(found[3]) - _number(found[1])
    return (abs(columns) + 1) * (abs(int(found[4]) - int(found[2])) + 1)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
