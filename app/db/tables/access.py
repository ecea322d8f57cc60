"""Who may call: accounts and their keys; and what they did."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from app.db.tables.base import (
    OPS,
    metadata,
    name_column,
    number_column,
    tenant_column,
    text_column,
    time_column,
)

KNOWN_ROLES = (
    "sender",
    "reader",
    "reviewer",
    "department_admin",
    "system_admin",
    "security_admin",
    "audit_admin",
)

account = Table(
    "account",
    metadata,
    tenant_column(),
    name_column("account_id"),
    Column("name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    *(
        Column(name, ARRAY(Text), nullable=False, comment="'*' for every; empty reaches no row")
        for name in ("departments", "districts")
    ),
    Column("created_by", Text, nullable=False),
    time_column("created_at"),
    time_column("disabled_at", nullable=True),
    Column("password", Text),
    Column("subject", Text),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    time_column("locked_until", nullable=True),
    Index("uq_account_subject", "jurisdiction", "subject", unique=True),
    Index("uq_account_name", "jurisdiction", "name", unique=True),
    CheckConstraint(f"roles <@ ARRAY[{', '.join(map(repr, KNOWN_ROLES))}]::text[]", name="ck_account_roles"),
    CheckConstraint(
        "(roles @> ARRAY['system_admin']::text[])::int + (roles @> ARRAY['security_admin']::text[])::int"
        " + (roles @> ARRAY['audit_admin']::text[])::int <= 1",
        name="ck_account_one_admin",
    ),
    schema=OPS,
)

api_key = Table(
    "api_key",
    metadata,
    tenant_column(),
    name_column("key_id"),
    text_column("account_id"),
    Column("hash", LargeBinary, nullable=False),
    time_column("created_at"),
    *(time_column(f"{name}_at", nullable=True) for name in ("begins", "expires", "revoked", "used")),
    Index("ix_api_key_account", "jurisdiction", "account_id"),
    schema=OPS,
)

session = Table(
    "session",
    metadata,
    tenant_column(),
    name_column("session_id"),
    text_column("account_id"),
    Column("hash", LargeBinary, nullable=False),
    *(time_column(f"{name}_at") for name in ("begun", "seen")),
    schema=OPS,
)

login = Table(
    "login",
    metadata,
    tenant_column(),
    name_column("state"),
    *(Column(name, Text, nullable=False) for name in ("nonce", "verifier")),
    time_column("begun_at"),
    schema=OPS,
)

audit = Table(
    "audit",
    metadata,
    tenant_column(),
    name_column("audit_id"),
    time_column("at"),
    *(
        Column(name, Text, nullable=False)
        for name in ("account_id", "account", "credential", "operation", "target", "address", "result")
    ),
    schema=OPS,
)
audit_waiting = Table("audit_waiting", metadata, tenant_column(), name_column("audit_id"), schema=OPS)
audit_seal = Table(
    "audit_seal",
    metadata,
    tenant_column(),
    number_column("seal_no"),
    time_column("at"),
    Column("audit_ids", ARRAY(Text), nullable=False),
    Column("key_id", Text, nullable=False),
    Column("head", LargeBinary, nullable=False),
    schema=OPS,
)
