"""SQL as statements that are read once: to read one anew takes SQLAlchemy fifty microseconds each time.

All queries of the hub are such; only what defines tables says `sqlalchemy.text`.
"""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy
from sqlalchemy import TextClause


@lru_cache(maxsize=2_000)
def text(statement: str) -> TextClause:
    """Give a statement with its parameters written `:name`, the same one for the same words."""
    return sqlalchemy.text(statement)
