"""What all tables share: their drawers, how keys and indexes are named, and the columns they have in common."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Text

NAMING = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
}
metadata = MetaData(naming_convention=NAMING)

MEMORY, OPS = "memory", "ops"
COUNTED = ("delivery", "landing", "judgement", "correction", "rule_set", "change", "poison", "decision")
COUNTERS = tuple(f"{what}_no" for what in COUNTED)
"""What the row of a jurisdiction numbers without gaps."""


def tenant_column() -> Column[int]:
    """Give the column that leads every key."""
    return Column("jurisdiction", Integer, primary_key=True, autoincrement=False)


def number_column(name: str) -> Column[int]:
    """Give a key that counts without gaps."""
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def name_column(name: str) -> Column[str]:
    """Give a key that is a text, ordered bytewise."""
    return Column(name, Text(collation="C"), primary_key=True)


def text_column(name: str, *, nullable: bool = False) -> Column[str]:
    """Give a text that orders records, bytewise."""
    return Column(name, Text(collation="C"), nullable=nullable)


def time_column(name: str, *, nullable: bool = False) -> Column[object]:
    """Give a moment."""
    return Column(name, DateTime(timezone=True), nullable=nullable)
