"""Whoever wants to be told of changes is sent signed messages: subscriptions, messages and attempts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "subscription",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subscription_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), nullable=False, comment="of changes; none: all"),
        sa.Column("districts", sa.ARRAY(sa.Text()), nullable=False, comment="none: all"),
        sa.Column("most", sa.SmallInteger(), nullable=False, comment="changes told in one message"),
        sa.Column(
            "place", sa.BigInteger(), nullable=False, comment="the last change that was made into a message"
        ),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="sealed"),
        sa.Column("former_secret", sa.LargeBinary(), nullable=True, comment="sealed"),
        sa.Column("former_until", MOMENT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False, comment="active, paused or disabled"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was disabled"),
        sa.Column(
            "sends",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a message may wait",
        ),
        sa.Column(
            "slow",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="its receiver last failed or took its time",
        ),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "subscription_id", name=op.f("pk_subscription")),
        schema="ops",
    )
    op.create_table(
        "message",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Text(collation="C"), nullable=False),
        sa.Column("subscription_id", sa.Text(collation="C"), nullable=False),
        sa.Column("first_no", sa.BigInteger(), nullable=False),
        sa.Column("last_no", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="waiting, taken or given_up"),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "message_id", name=op.f("pk_message")),
        schema="ops",
    )
    op.create_index(
        "ix_message_waiting",
        "message",
        ["jurisdiction", "subscription_id", "first_no"],
        schema="ops",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_message_created_at",
        "message",
        ["jurisdiction", "subscription_id", "created_at", "message_id"],
        schema="ops",
    )
    op.create_index("ix_message_ended_at", "message", ["jurisdiction", "ended_at"], schema="ops")
    op.create_table(
        "attempt",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Text(collation="C"), nullable=False),
        sa.Column("attempt_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "message_id", "attempt_no", name=op.f("pk_attempt")),
        schema="ops",
    )
    for table in ("subscription", "message", "attempt"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ops.{table} TO hub_app")


def downgrade() -> None:
    for table in ("attempt", "message", "subscription"):
        op.drop_table(table, schema="ops")
