"""Cursors, runs, leases and what stands open: mutable, migrated, never rebuilt."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.tables.base import (
    COUNTERS,
    OPS,
    metadata,
    name_column,
    number_column,
    tenant_column,
    text_column,
    time_column,
)

jurisdiction = Table(
    "jurisdiction",
    metadata,
    tenant_column(),
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
    tenant_column(),
    name_column("source"),
    Column("fingerprint", Text, nullable=False, comment="under which the source is read from now on"),
    Column("due", Boolean, nullable=False, comment="records read under former rules are left"),
    Column("after", Text(collation="C"), nullable=False, comment="replayed up to this record id"),
    schema=OPS,
)

replay = Table(
    "replay",
    metadata,
    tenant_column(),
    name_column("replay_id"),
    Column("sources", ARRAY(Text), nullable=False),
    Column("step", Text, nullable=False, comment="plan or run"),
    Column("state", Text, nullable=False),
    *(Column(name, Text) for name in ("by", "fingerprint", "lease_token", "error_class", "error_text")),
    Column("attempt", SmallInteger, nullable=False, server_default=text("0")),
    *(Column(n, BigInteger, nullable=False, server_default=text("0")) for n in ("total", "done")),
    *(Column(name, JSONB) for name in ("plan", "counts")),
    time_column("created_at"),
    *(
        time_column(f"{name}_at", nullable=True)
        for name in ("queued", "started", "finished", "cancel_requested")
    ),
    time_column("lease_until", nullable=True),
    Index("ix_replay_created_at", "jurisdiction", "created_at"),
    schema=OPS,
)

source = Table(
    "source",
    metadata,
    tenant_column(),
    name_column("source"),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("location", Text),
    Column("every_seconds", Integer),
    time_column("next_run_at", nullable=True),
    Column("cursor", Text),
    Column("attention", Text, comment="what a person must do before the source runs again"),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    time_column("succeeded_at", nullable=True),
    time_column("open_until", nullable=True),
    Column(
        "missed",
        Text,
        nullable=False,
        server_default=text("'run_once'"),
        comment="of slots that nobody ticked at: run_once, all or skip",
    ),
    Column("fresh_seconds", Integer, comment="how old its last good word may be; None: by its schedule"),
    schema=OPS,
)

run = Table(
    "run",
    metadata,
    tenant_column(),
    name_column("run_id"),
    text_column("source"),
    Column("trigger", Text, nullable=False),
    time_column("slot", nullable=True),
    Column("state", Text, nullable=False),
    Column("attempt", SmallInteger, nullable=False, server_default=text("0")),
    Column("lease_token", Text),
    time_column("lease_until", nullable=True),
    Column("cursor_from", Text),
    Column("cursor_to", Text),
    *(
        Column(count, Integer, nullable=False, server_default=text("0"))
        for count in ("pages", "received", "kept", "unchanged", "unreadable")
    ),
    Column("error_class", Text),
    Column("error_text", Text),
    time_column("queued_at"),
    time_column("started_at", nullable=True),
    time_column("finished_at", nullable=True),
    time_column("cancel_requested_at", nullable=True),
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

secret_use = Table(
    "secret_use",
    metadata,
    tenant_column(),
    *(name_column(name) for name in ("source", "variable")),
    time_column("used_at"),
    schema=OPS,
)

waiting_push = Table(
    "waiting_push",
    metadata,
    tenant_column(),
    number_column("delivery_no"),
    Column("messages", Integer, nullable=False, server_default=text("1"), comment="kept as one group"),
    Column("landed", Integer, nullable=False, server_default=text("0"), comment="of them, in order"),
    schema=OPS,
)

listing_seen = Table(
    "listing_seen", metadata, tenant_column(), name_column("run_id"), name_column("record_id"), schema=OPS
)

known_page = Table(
    "known_page",
    metadata,
    tenant_column(),
    name_column("source"),
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
    tenant_column(),
    name_column("run_id"),
    text_column("source"),
    Column("live", Integer, nullable=False),
    Column("vanished", ARRAY(Text), nullable=False),
    time_column("at"),
    Column("decision", Text),
    *(Column("decided_by", Text), time_column("decided_at", nullable=True)),
    schema=OPS,
)

report = Table(
    "report",
    metadata,
    tenant_column(),
    name_column("report_id"),
    Column("kind", Text, nullable=False),
    time_column("at"),
    Column("sha256", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
    schema=OPS,
)

lease = Table(
    "lease",
    metadata,
    tenant_column(),
    *(name_column("name"), Column("token", Text, nullable=False), time_column("until")),
    schema=OPS,
)
