"""What is done and refused is written down and sealed into a chain; the hub itself may only add to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TEXTS = ("account_id", "account", "credential", "operation", "target", "address", "result")


def _keys(*more: sa.Column[object]) -> tuple[sa.Column[object], ...]:
    return (sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False), *more)


def upgrade() -> None:
    op.create_table(
        "audit",
        *_keys(sa.Column("audit_id", sa.Text(collation="C"), nullable=False)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.PrimaryKeyConstraint("jurisdiction", "audit_id", name=op.f("pk_audit")),
        schema="ops",
    )
    op.create_table(
        "audit_waiting",
        *_keys(sa.Column("audit_id", sa.Text(collation="C"), nullable=False)),
        sa.PrimaryKeyConstraint("jurisdiction", "audit_id", name=op.f("pk_audit_waiting")),
        schema="ops",
    )
    op.create_table(
        "audit_seal",
        *_keys(sa.Column("seal_no", sa.BigInteger(), autoincrement=False, nullable=False)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("audit_ids", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "seal_no", name=op.f("pk_audit_seal")),
        schema="ops",
    )
    op.execute("GRANT SELECT, INSERT ON ops.audit, ops.audit_seal TO hub_app")
    op.execute("GRANT SELECT, INSERT, DELETE, UPDATE ON ops.audit_waiting TO hub_app")


def downgrade() -> None:
    for table in ("audit_seal", "audit_waiting", "audit"):
        op.drop_table(table, schema="ops")
