"""Text for a terminal, where a Chinese character is two cells wide."""

from __future__ import annotations


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Lay rows out in columns under a head."""
    cells = [head, *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )


def _width(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)
