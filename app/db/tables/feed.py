"""What goes out: the change feed."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Table,
    Text,
    text,
)

from app.db.tables.base import (
    OPS,
    metadata,
    number_column,
    tenant_column,
    text_column,
    time_column,
)

change = Table(
    "change",
    metadata,
    tenant_column(),
    number_column("change_no"),
    time_column("at"),
    Column("kind", Text, nullable=False),
    text_column("project_id"),
    text_column("other_id", nullable=True),
    Column("etag", Text),
    Column("rebuilt", Boolean, nullable=False, server_default=text("false")),
    Column(
        "districts",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="of the project, before and after",
    ),
    schema=OPS,
)
