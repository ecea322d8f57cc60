"""Commerce's HTTP interface: the project rows page by page, newest change last."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from simulator.model import Row

MOST_PER_PAGE = 500


class CommerceRows:
    """The rows the interface serves; replaced as a whole, so that a reader needs no lock."""

    def __init__(self) -> None:
        self._newest: dict[str, dict[str, str]] = {}
        self._ordered: list[tuple[str, str]] = []

    def put(self, rows: Iterable[Row]) -> None:
        """Takes in new versions, each in the place of its key's former one."""
        newest = self._newest | {row.key: row.values for row in rows}
        self._ordered, self._newest = sorted((values["GXSJ"], key) for key, values in newest.items()), newest

    def page(self, page: int, size: int, updated_since: str) -> dict[str, object]:
        """One page of the rows changed since then, ordered by (GXSJ, ZSBH), in the interface's envelope."""
        newest, ordered = self._newest, self._ordered
        size = max(1, min(size, MOST_PER_PAGE))
        begin = bisect_left(ordered, (updated_since, "")) if updated_since else 0
        first = begin + (max(page, 1) - 1) * size
        rows = [newest[key] for _, key in ordered[first : first + size]]
        data = {"total": len(ordered) - begin, "page": page, "size": size, "rows": rows}
        return {"code": 0, "msg": "ok", "data": data}

    def __len__(self) -> int:
        return len(self._ordered)
