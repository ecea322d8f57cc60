"""The tables of two drawers, memory and ops; migrations follow them and `alembic check` holds them to it.

Every key leads with `jurisdiction` and no foreign key crosses drawers. Texts that order records sort bytewise
(`COLLATE "C"`).
"""

from __future__ import annotations

from app.db.tables import access, feed, memory, ops
from app.db.tables.base import COUNTERS, MEMORY, NAMING, OPS, metadata

__all__ = ["COUNTERS", "MEMORY", "NAMING", "OPS", "access", "feed", "memory", "metadata", "ops"]
