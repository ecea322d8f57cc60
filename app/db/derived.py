"""The derived drawer: a pure function of memory under one rule set; made, filled and swapped whole.

Its tables carry no schema: the connection's search path says which derived drawer is meant, the serving
one or the one a rebuild fills beside it.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from app.db.tables import NAMING

SERVING, NEXT = "derived", "derived_next"
GATE = "progress"
"""The table of a drawer that readers hold shared and a swap holds alone."""

metadata = MetaData(naming_convention=NAMING)


def _jurisdiction() -> Column[int]:
    return Column("jurisdiction", Integer, primary_key=True, autoincrement=False)


def _id(name: str) -> Column[str]:
    return Column(name, Text(collation="C"), primary_key=True)


def _row() -> tuple[Column[int], Column[int]]:
    return (
        Column("delivery_no", BigInteger, primary_key=True, autoincrement=False),
        Column("row_no", Integer, primary_key=True, autoincrement=False),
    )


def _places(name: str, comment: str) -> None:
    Table(
        name,
        metadata,
        _jurisdiction(),
        _id("record_id"),
        Column("project_id", Text(collation="C"), nullable=False),
        Column("live", Boolean, nullable=False),
        Index(f"ix_{name}_project", "jurisdiction", "project_id"),
        comment=comment,
    )


Table(
    "progress",
    metadata,
    _jurisdiction(),
    *(
        Column(n, BigInteger, nullable=False, server_default=text("0"))
        for n in (
            *("landing_no", "row_no", "poison_no"),
            *("resolved_landing", "resolved_row", "resolved_poison", "judgement_no", "correction_no"),
            "rule_set_no",
        )
    ),
    comment="how far memory is normalized, and how far what was normalized, and people's words, are resolved;"
    " the published rule set it stands under, 0 for what is shipped",
)
Table(
    "outcome",
    metadata,
    _jurisdiction(),
    Column("delivery_no", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text(collation="C"), nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
)
Table(
    "rejection",
    metadata,
    _jurisdiction(),
    *_row(),
    Column("source", Text(collation="C"), nullable=False),
    Column("record_id", Text(collation="C"), nullable=False),
    *(Column(n, Text) for n in ("rule", "field", "value", "responsible", "zh", "en")),
    Index("ix_rejection_source", "jurisdiction", "source", "delivery_no", "row_no"),
)
Table(
    "issue",
    metadata,
    _jurisdiction(),
    *_row(),
    Column("issue_no", Integer, primary_key=True, autoincrement=False),
    Column("source", Text(collation="C"), nullable=False),
    Column("record_id", Text(collation="C"), nullable=False),
    *(Column(n, Text) for n in ("rule", "field", "value", "severity", "responsible", "zh", "en")),
    Index("ix_issue_record", "jurisdiction", "record_id"),
)
Table(
    "record",
    metadata,
    _jurisdiction(),
    _id("record_id"),
    Column("source", Text(collation="C"), nullable=False),
    Column("key", Text(collation="C"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("parent_id", Text(collation="C")),
    Column("raw_id", Text(collation="C"), nullable=False),
    Column("first_delivery", BigInteger, nullable=False),
    Column("first_row", Integer, nullable=False),
    Column("version", Text(collation="C"), nullable=False),
    Column("delivery_no", BigInteger, nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("raw_hash", LargeBinary, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("hash", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    Index("ix_record_parent", "jurisdiction", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
    Index("ix_record_raw", "jurisdiction", "raw_id", postgresql_where=text("raw_id <> record_id")),
)
Table(
    "gone",
    metadata,
    _jurisdiction(),
    _id("raw_id"),
    Column("version", Text(collation="C"), nullable=False),
    Column("delivery_no", BigInteger, nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("raw_hash", LargeBinary, nullable=False),
)
Table(
    "unresolved",
    metadata,
    _jurisdiction(),
    *(
        Column(n, BigInteger, primary_key=True, autoincrement=False)
        for n in ("landing_no", "row_no", "poison_no")
    ),
    Column("names", Integer, nullable=False),
    Column("record_ids", ARRAY(Text), nullable=False),
    Column("parent_ids", ARRAY(Text), nullable=False),
    comment="batches of records that normalizing changed and resolving has not taken up, by what was read with them",
)
Table(
    "normal",
    metadata,
    _jurisdiction(),
    _id("record_id"),
    Column("live", Boolean, nullable=False),
    Column("first_delivery", BigInteger, nullable=False),
    Column("first_row", Integer, nullable=False),
    Column("packed", LargeBinary, nullable=False, comment="what matching sees of the record"),
    Column("common", ARRAY(Text), comment="its numbers that too many others hold: they say nothing"),
    Index(
        "ix_normal_common",
        "jurisdiction",
        "first_delivery",
        "first_row",
        postgresql_where=text("common IS NOT NULL"),
    ),
)
Table(
    "block_key",
    metadata,
    _jurisdiction(),
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    _id("record_id"),
    Column("live", Boolean, nullable=False),
    Index("ix_block_key_dead", "jurisdiction", "key", postgresql_where=text("NOT live")),
)
Table(
    "pair",
    metadata,
    _jurisdiction(),
    _id("a"),
    _id("b"),
    Column("score", Integer, nullable=False),
    Index("ix_pair_b", "jurisdiction", "b"),
)
Table(
    "unclustered",
    metadata,
    _jurisdiction(),
    _id("record_id"),
    comment="records whose component was paired anew and is to be clustered",
)
_places("cluster", "what resolving says: the project each record belongs to")
_places("member", "what is served: the project whose document speaks of the record")
Table(
    "touched",
    metadata,
    _jurisdiction(),
    _id("record_id"),
    comment="records whose project's document is older than what was said of them",
)
Table(
    "review",
    metadata,
    _jurisdiction(),
    _id("a"),
    _id("b"),
    Column("kind", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column(
        "priority", BigInteger, nullable=False, comment="how open the question is, times what is at stake"
    ),
    Column("stake", BigInteger, nullable=False, comment="yuan; 0 where no record says an amount"),
    *(Column(name, ARRAY(Text), nullable=False) for name in ("departments", "districts")),
    Column("said", Text, comment="what a person said of both sides that moves no project"),
    *(Column(name, Text, nullable=False) for name in ("alike", "contents", "cause")),
    Index("ix_review_b", "jurisdiction", "b"),
    Index("ix_review_priority", "jurisdiction", "priority", "a", "b"),
    comment="what a person is asked: two projects, named by the two records that link them best",
)
Table(
    "relation",
    metadata,
    _jurisdiction(),
    *(_id(n) for n in ("project_id", "other_id", "kind")),
    Column("why", Text, nullable=False),
    *(Column(n, Text(collation="C"), nullable=False) for n in "ab"),
    Column("score", Integer, nullable=False),
    Column("judgement_no", BigInteger),
    Index("ix_relation_other", "jurisdiction", "other_id"),
    comment="how two projects of a component stand to one another, with the two records it is read off",
)
Table(
    "project",
    metadata,
    _jurisdiction(),
    _id("project_id"),
    Column("name", Text, nullable=False),
    Column("stage", Text),
    Column("district", Text),
    Column("path", Text, nullable=False),
    Column("loop", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("departments", ARRAY(Text), nullable=False),
    Column("investment", Numeric),
    Column("within", Text(collation="C"), comment="the project whose sums count this one"),
    Column("counted", Numeric, comment="the money that sums count for it"),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("etag", Text, nullable=False),
    Column("cells", ARRAY(Text), nullable=False, comment="department, stage and state of each coverage cell"),
    Column("golden", Text, nullable=False),
    Column("ledger", Text, nullable=False),
    Index("ix_project_updated", "jurisdiction", "updated_at", "project_id"),
)
Table(
    "funnel",
    metadata,
    _jurisdiction(),
    *(_id(n) for n in ("stage", "district", "path", "loop")),
    Column("projects", BigInteger, nullable=False),
    Column("investment", Numeric, nullable=False),
)
Table(
    "coverage",
    metadata,
    _jurisdiction(),
    *(_id(n) for n in ("department", "stage", "state")),
    Column("projects", BigInteger, nullable=False),
)

TABLES: tuple[str, ...] = tuple(metadata.tables)


def create(connection: Connection, schema: str = SERVING) -> None:
    """Make the derived drawer `schema` empty, with all its tables and indexes."""
    connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    connection.execute(text(f'SET LOCAL search_path = "{schema}"'))
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index))


def drop(connection: Connection, schema: str) -> None:
    """Drop the derived drawer `schema` if it is there."""
    tables = ", ".join(f'"{schema}"."{name}"' for name in reversed(TABLES))
    exists = connection.execute(text("SELECT to_regnamespace(:s) IS NOT NULL"), {"s": schema}).scalar_one()
    if exists:
        connection.execute(text(f"DROP TABLE IF EXISTS {tables}"))
        connection.execute(text(f'DROP SCHEMA "{schema}"'))
