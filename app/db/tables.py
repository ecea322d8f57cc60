"""The tables of two drawers, memory and ops; migrations follow this file and `alembic check` holds them to it.

Every key leads with `jurisdiction` and no foreign key crosses drawers. Memory is append-only: the one table
that moves is `head`. Texts that order records sort bytewise (`COLLATE "C"`).
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

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


def _jurisdiction() -> Column[int]:
    return Column("jurisdiction", Integer, primary_key=True, autoincrement=False)


def _key(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _name(name: str) -> Column[str]:
    return Column(name, Text(collation="C"), primary_key=True)


def _said(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text(collation="C"), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


delivery = Table(
    "delivery",
    metadata,
    _jurisdiction(),
    _key("delivery_no"),
    _said("source"),
    Column("channel", Text, nullable=False),
    Column("sender", Text, nullable=False),
    _at("received_at"),
    Column("sha256", LargeBinary, nullable=False),
    _said("message_id", nullable=True),
    Column("headers", JSONB),
    Column(
        "body", LargeBinary, comment="sealed; a pushed message whole, None where the rows are kept instead"
    ),
    Index("uq_delivery_message", "jurisdiction", "source", "message_id", unique=True),
    Index("ix_delivery_source", "jurisdiction", "source", "delivery_no"),
    schema=MEMORY,
)

landing = Table(
    "landing",
    metadata,
    _jurisdiction(),
    _key("landing_no"),
    Column("delivery_no", BigInteger, nullable=False),
    _at("landed_at"),
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
    _jurisdiction(),
    _key("delivery_no"),
    Column("row_no", Integer, primary_key=True, autoincrement=False),
    _said("source"),
    _said("record_id"),
    _said("key"),
    _said("version"),
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
    _jurisdiction(),
    _key("delivery_no"),
    Column("row_no", Integer, primary_key=True, autoincrement=False),
    _said("source"),
    Column("rule", Text, nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    schema=MEMORY,
)

head = Table(
    "head",
    metadata,
    _jurisdiction(),
    _name("record_id"),
    _said("source"),
    _said("key"),
    _said("version"),
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
    _jurisdiction(),
    _key("judgement_no"),
    _said("a"),
    _said("b"),
    *(Column(name, Text, nullable=False) for name in ("verdict", "reason", "by")),
    _at("at"),
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
    _jurisdiction(),
    _key("correction_no"),
    _said("record_id"),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("seen", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    _at("at"),
    Column("withdraws", BigInteger),
    Index("ix_correction_record", "jurisdiction", "record_id"),
    schema=MEMORY,
)

key_alias = Table(
    "key_alias",
    metadata,
    _jurisdiction(),
    *(_name("source"), _name("new_key"), _said("old_key")),
    Column("by", Text, nullable=False),
    _at("at"),
    schema=MEMORY,
)

rule_set = Table(
    "rule_set",
    metadata,
    _jurisdiction(),
    _key("rule_set_no"),
    Column("fingerprint", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("by", Text, nullable=False),
    _at("at"),
    schema=MEMORY,
)

poison = Table(
    "poison",
    metadata,
    _jurisdiction(),
    _key("poison_no"),
    *(_said(name) for name in ("source", "record_id")),
    Column("op", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("rules", "error_class", "error_text")),
    _at("at"),
    Column("withdraws", BigInteger),
    Index("ix_poison_record", "jurisdiction", "record_id"),
    schema=MEMORY,
)

jurisdiction = Table(
    "jurisdiction",
    metadata,
    _jurisdiction(),
    Column("name", Text, nullable=False),
    *(Column(counter, BigInteger, nullable=False, server_default=text("0")) for counter in COUNTERS),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    Column("fingerprint", Text, nullable=False, server_default=text("''")),
    Column("common", Text, nullable=False, server_default=text("''"), comment="the rules all sources share"),
    schema=OPS,
)

source_rules = Table(
    "source_rules",
    metadata,
    _jurisdiction(),
    _name("source"),
    Column("fingerprint", Text, nullable=False, comment="under which the source is read from now on"),
    Column("due", Boolean, nullable=False, comment="records read under former rules are left"),
    Column("after", Text(collation="C"), nullable=False, comment="replayed up to this record id"),
    schema=OPS,
)

replay = Table(
    "replay",
    metadata,
    _jurisdiction(),
    _name("replay_id"),
    Column("sources", ARRAY(Text), nullable=False),
    Column("step", Text, nullable=False, comment="plan or run"),
    Column("state", Text, nullable=False),
    *(Column(name, Text) for name in ("by", "fingerprint", "lease_token", "error_class", "error_text")),
    Column("attempt", SmallInteger, nullable=False, server_default=text("0")),
    *(Column(n, BigInteger, nullable=False, server_default=text("0")) for n in ("total", "done")),
    *(Column(name, JSONB) for name in ("plan", "counts")),
    _at("created_at"),
    *(_at(f"{name}_at", nullable=True) for name in ("queued", "started", "finished", "cancel_requested")),
    _at("lease_until", nullable=True),
    Index("ix_replay_created_at", "jurisdiction", "created_at"),
    schema=OPS,
)

source = Table(
    "source",
    metadata,
    _jurisdiction(),
    _name("source"),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("location", Text),
    Column("every_seconds", Integer),
    _at("next_run_at", nullable=True),
    Column("cursor", Text),
    Column("attention", Text, comment="what a person must do before the source runs again"),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    _at("succeeded_at", nullable=True),
    schema=OPS,
)

run = Table(
    "run",
    metadata,
    _jurisdiction(),
    _name("run_id"),
    _said("source"),
    Column("trigger", Text, nullable=False),
    _at("slot", nullable=True),
    Column("state", Text, nullable=False),
    Column("attempt", SmallInteger, nullable=False, server_default=text("0")),
    Column("lease_token", Text),
    _at("lease_until", nullable=True),
    Column("cursor_from", Text),
    Column("cursor_to", Text),
    *(
        Column(count, Integer, nullable=False, server_default=text("0"))
        for count in ("pages", "received", "kept", "unchanged", "unreadable")
    ),
    Column("error_class", Text),
    Column("error_text", Text),
    _at("queued_at"),
    _at("started_at", nullable=True),
    _at("finished_at", nullable=True),
    _at("cancel_requested_at", nullable=True),
    Index("uq_run_slot", "jurisdiction", "source", "slot", unique=True),
    Index(
        "uq_run_live",
        "jurisdiction",
        "source",
        unique=True,
        postgresql_where=text("state IN ('queued', 'running')"),
    ),
    Index("ix_run_queued_at", "jurisdiction", "queued_at"),
    schema=OPS,
)

waiting_push = Table("waiting_push", metadata, _jurisdiction(), _key("delivery_no"), schema=OPS)

listing_seen = Table(
    "listing_seen", metadata, _jurisdiction(), _name("run_id"), _name("record_id"), schema=OPS
)

known_page = Table(
    "known_page",
    metadata,
    _jurisdiction(),
    _name("source"),
    Column("said", LargeBinary, primary_key=True),
    Column("blocks", ARRAY(BigInteger), nullable=False, comment="the deliveries that began its records"),
    Column("unreadable", ARRAY(Integer), nullable=False, comment="its rows that nobody can read, by number"),
    Column("records", ARRAY(Text), comment="all it names, where it is part of a full listing"),
    Column("met", BigInteger, nullable=False, comment="the landing that last met it"),
    Index("ix_known_page_met", "jurisdiction", "met"),
    schema=OPS,
)

held_deletion = Table(
    "held_deletion",
    metadata,
    _jurisdiction(),
    _name("run_id"),
    _said("source"),
    Column("live", Integer, nullable=False),
    Column("vanished", ARRAY(Text), nullable=False),
    _at("at"),
    Column("decision", Text),
    *(Column("decided_by", Text), _at("decided_at", nullable=True)),
    schema=OPS,
)

api_key = Table(
    "api_key",
    metadata,
    _jurisdiction(),
    _name("key_id"),
    Column("name", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    _at("created_at"),
    *(_at(f"{name}_at", nullable=True) for name in ("expires", "revoked", "used")),
    schema=OPS,
)

change = Table(
    "change",
    metadata,
    _jurisdiction(),
    _key("change_no"),
    _at("at"),
    Column("kind", Text, nullable=False),
    _said("project_id"),
    _said("other_id", nullable=True),
    Column("etag", Text),
    Column("rebuilt", Boolean, nullable=False, server_default=text("false")),
    schema=OPS,
)

report = Table(
    "report",
    metadata,
    _jurisdiction(),
    _name("report_id"),
    Column("kind", Text, nullable=False),
    _at("at"),
    Column("sha256", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
    schema=OPS,
)

lease = Table(
    "lease",
    metadata,
    _jurisdiction(),
    *(_name("name"), Column("token", Text, nullable=False), _at("until")),
    schema=OPS,
)
