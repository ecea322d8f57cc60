"""A project record as resolving knows it while it works: as it is kept, and as comparing and clustering see it."""

from __future__ import annotations

from app.db.resolution import NormalRow
from app.pipeline.matching.common import heard
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.packed import unpack_one


class Known:
    """A record packed, living or not, the row that began it, and which of its numbers are common; read only when asked."""

    __slots__ = ("_whole", "common", "first", "live", "packed")

    def __init__(self, row: NormalRow, whole: Normal | None = None) -> None:
        """Take it as it is kept, and read already, where it is."""
        self.packed, self.live, self.first = row.packed, row.live, row.began
        self.common, self._whole = tuple(row.common or ()), whole

    @property
    def whole(self) -> Normal:
        """Give all the record says; one that was not read already is read each time, and not kept."""
        return unpack_one(self.packed) if self._whole is None else self._whole

    @property
    def normal(self) -> Normal:
        """Give the record as clustering sees it, without the numbers that are common."""
        return heard(self.whole, self.common)

    def says_as(self, other: Known) -> bool:
        """Tell whether another record says the same to matching, whatever others say of their numbers."""
        return (self.packed, self.live, self.first) == (other.packed, other.live, other.first)

    def row(self, record_id: str) -> NormalRow:
        """Give the row it is kept as."""
        return NormalRow(record_id, self.live, *self.first, self.packed, list(self.common) or None)
