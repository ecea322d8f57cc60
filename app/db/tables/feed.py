"""What goes out: the change feed, and the messages sent of it to who subscribed."""

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

from app.db.tables.base import (
    OPS,
    metadata,
    name_column,
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

subscription = Table(
    "subscription",
    metadata,
    tenant_column(),
    name_column("subscription_id"),
    *(Column(name, Text, nullable=False) for name in ("name", "url")),
    Column("kinds", ARRAY(Text), nullable=False, comment="of changes; none: all"),
    Column("districts", ARRAY(Text), nullable=False, comment="none: all"),
    Column("most", SmallInteger, nullable=False, comment="changes told in one message"),
    Column("place", BigInteger, nullable=False, comment="the last change that was made into a message"),
    Column("secret", LargeBinary, nullable=False, comment="sealed"),
    Column("former_secret", LargeBinary, comment="sealed"),
    time_column("former_until", nullable=True),
    Column("state", Text, nullable=False, comment="active, paused or disabled"),
    Column("reason", Text, comment="why it was disabled"),
    Column("sends", Boolean, nullable=False, server_default=text("false"), comment="a message may wait"),
    Column(
        "slow",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="its receiver last failed or took its time",
    ),
    time_column("failing_since", nullable=True),
    time_column("next_at"),
    Column("lease_token", Text),
    time_column("lease_until", nullable=True),
    Column("created_by", Text, nullable=False),
    time_column("created_at"),
    schema=OPS,
)

message = Table(
    "message",
    metadata,
    tenant_column(),
    name_column("message_id"),
    text_column("subscription_id"),
    *(Column(name, BigInteger, nullable=False) for name in ("first_no", "last_no")),
    Column("changes", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False, comment="waiting, taken or given_up"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    time_column("created_at"),
    time_column("ended_at", nullable=True),
    Index(
        "ix_message_waiting",
        "jurisdiction",
        "subscription_id",
        "first_no",
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_message_created_at", "jurisdiction", "subscription_id", "created_at", "message_id"),
    Index("ix_message_ended_at", "jurisdiction", "ended_at"),
    schema=OPS,
)

attempt = Table(
    "attempt",
    metadata,
    tenant_column(),
    name_column("message_id"),
    number_column("attempt_no"),
    time_column("at"),
    Column("status", Integer),
    Column("milliseconds", Integer, nullable=False),
    Column("error", Text),
    schema=OPS,
)
