"""What departments said and what people decided: append-only; the one table that moves is `head`."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.tables.base import (
    MEMORY,
    metadata,
    name_column,
    number_column,
    tenant_column,
    text_column,
    time_column,
)

delivery = Table(
    "delivery",
    metadata,
    tenant_column(),
    number_column("delivery_no"),
    text_column("source"),
    Column("channel", Text, nullable=False),
    Column("sender", Text, nullable=False),
    time_column("received_at"),
    Column("sha256", LargeBinary, nullable=False),
    text_column("message_id", nullable=True),
    Column("headers", JSONB),
    Column(
        "body", LargeBinary, comment="sealed; a pushed message whole, None where the rows are kept instead"
    ),
    Index("uq_delivery_message", "jurisdiction", "source", "message_id", unique=True),
    Index("ix_delivery_source", "jurisdiction", "source", "delivery_no"),
    schema=MEMORY,
)

anomaly = Table(
    "anomaly",
    metadata,
    tenant_column(),
    *(name_column(name) for name in ("source", "message_id")),
    Column("sha256", LargeBinary, primary_key=True, comment="of the body that contradicts the first"),
    Column("delivery_no", BigInteger, nullable=False, comment="under which the first body is kept"),
    time_column("received_at"),
    Column("sender", Text, nullable=False),
    Column("headers", JSONB),
    Column("body", LargeBinary, nullable=False, comment="sealed"),
    Index("ix_anomaly_delivery", "jurisdiction", "delivery_no"),
    schema=MEMORY,
)

landing = Table(
    "landing",
    metadata,
    tenant_column(),
    number_column("landing_no"),
    Column("delivery_no", BigInteger, nullable=False),
    time_column("landed_at"),
    Column("received", Integer, nullable=False),
    Column("kept", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("unreadable", Integer, nullable=False),
    Index("uq_landing_delivery", "jurisdiction", "delivery_no", unique=True),
    schema=MEMORY,
)

raw_record = Table(
    "raw_record",
    metadata,
    tenant_column(),
    number_column("delivery_no"),
    Column("row_no", Integer, primary_key=True, autoincrement=False),
    text_column("source"),
    text_column("record_id"),
    text_column("key"),
    text_column("version"),
    Column("op", Text, nullable=False, comment="upsert, delete, or confirm (same content, higher version)"),
    Column("hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, comment="sealed; None for a confirmation"),
    *(Column(name, Boolean, nullable=False, server_default=text("false")) for name in ("late", "begins")),
    Index("ix_raw_record_record", "jurisdiction", "record_id", "version"),
    schema=MEMORY,
)

unreadable = Table(
    "unreadable",
    metadata,
    tenant_column(),
    number_column("delivery_no"),
    Column("row_no", Integer, primary_key=True, autoincrement=False),
    text_column("source"),
    Column("rule", Text, nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    schema=MEMORY,
)

head = Table(
    "head",
    metadata,
    tenant_column(),
    name_column("record_id"),
    text_column("source"),
    text_column("key"),
    text_column("version"),
    Column("op", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("delivery_no", BigInteger, nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("first_delivery", BigInteger, nullable=False),
    Column("first_row", Integer, nullable=False),
    Column(
        "said",
        LargeBinary,
        nullable=False,
        server_default=text("''"),
        comment="hash of the bytes it stands on and of the rules they were read by; empty: read them again",
    ),
    Index("ix_head_source", "jurisdiction", "source", "record_id"),
    schema=MEMORY,
    postgresql_with={"fillfactor": 50},  # a head that moves within its page costs no index an entry
)

judgement = Table(
    "judgement",
    metadata,
    tenant_column(),
    number_column("judgement_no"),
    text_column("a"),
    text_column("b"),
    *(Column(name, Text, nullable=False) for name in ("verdict", "reason", "by")),
    time_column("at"),
    *(Column(name, Text, nullable=False) for name in ("hash_a", "hash_b")),
    *(Column(name, ARRAY(Text), nullable=False) for name in ("cores_a", "cores_b")),
    *(Column(name, BigInteger) for name in ("withdraws", "confirms", "again", "decision_no")),
    Column("drawn", Integer, comment="chance (10⁻⁶) by which the pair was drawn to be taught"),
    *(Index(f"ix_judgement_{name}", "jurisdiction", name) for name in ("a", "b", "decision_no", "withdraws")),
    schema=MEMORY,
)

correction = Table(
    "correction",
    metadata,
    tenant_column(),
    number_column("correction_no"),
    text_column("record_id"),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("seen", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    time_column("at"),
    Column("withdraws", BigInteger),
    Index("ix_correction_record", "jurisdiction", "record_id"),
    schema=MEMORY,
)

key_alias = Table(
    "key_alias",
    metadata,
    tenant_column(),
    *(name_column("source"), name_column("new_key"), text_column("old_key")),
    Column("by", Text, nullable=False),
    time_column("at"),
    schema=MEMORY,
)

rule_set = Table(
    "rule_set",
    metadata,
    tenant_column(),
    number_column("rule_set_no"),
    Column("fingerprint", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("by", Text, nullable=False),
    time_column("at"),
    schema=MEMORY,
)

poison = Table(
    "poison",
    metadata,
    tenant_column(),
    number_column("poison_no"),
    *(text_column(name) for name in ("source", "record_id")),
    Column("op", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("rules", "error_class", "error_text")),
    time_column("at"),
    Column("withdraws", BigInteger),
    Index("ix_poison_record", "jurisdiction", "record_id"),
    schema=MEMORY,
)
