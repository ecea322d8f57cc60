"""Who may call: keys."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Column,
    LargeBinary,
    Table,
    Text,
)

from app.db.tables.base import (
    OPS,
    metadata,
    name_column,
    tenant_column,
    time_column,
)

api_key = Table(
    "api_key",
    metadata,
    tenant_column(),
    name_column("key_id"),
    Column("name", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    time_column("created_at"),
    *(time_column(f"{name}_at", nullable=True) for name in ("expires", "revoked", "used")),
    schema=OPS,
)
