"""Under which rules each source was read, replays of sources, and raw records set aside because they killed their batch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GRANTS = (
    "GRANT SELECT, INSERT ON memory.poison TO hub_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ops.source_rules, ops.replay TO hub_app",
)


def upgrade() -> None:
    op.create_table(
        "poison",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("poison_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=False),
        sa.Column("error_text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdraws", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "poison_no", name=op.f("pk_poison")),
        schema="memory",
    )
    op.create_index("ix_poison_record", "poison", ["jurisdiction", "record_id"], schema="memory")
    op.create_table(
        "source_rules",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "fingerprint", sa.Text(), nullable=False, comment="under which the source is read from now on"
        ),
        sa.Column("due", sa.Boolean(), nullable=False, comment="records read under former rules are left"),
        sa.Column("after", sa.Text(collation="C"), nullable=False, comment="replayed up to this record id"),
        sa.PrimaryKeyConstraint("jurisdiction", "source", name=op.f("pk_source_rules")),
        schema="ops",
    )
    op.create_table(
        "replay",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("replay_id", sa.Text(collation="C"), nullable=False),
        sa.Column("sources", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("step", sa.Text(), nullable=False, comment="plan or run"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("attempt", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "replay_id", name=op.f("pk_replay")),
        schema="ops",
    )
    op.create_index("ix_replay_created_at", "replay", ["jurisdiction", "created_at"], schema="ops")
    op.add_column(
        "jurisdiction",
        sa.Column("poison_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="ops",
    )
    op.add_column(
        "jurisdiction",
        sa.Column(
            "common",
            sa.Text(),
            server_default=sa.text("''"),
            nullable=False,
            comment="the rules all sources share",
        ),
        schema="ops",
    )
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("memory is never dropped: restore a backup instead")
