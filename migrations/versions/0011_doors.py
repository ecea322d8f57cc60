"""Pushes wait in the groups they were kept in; what contradicts an id is kept, and when each secret was last used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0015"
branch_labels = None
depends_on = None

C = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "anomaly",
        sa.Column("jurisdiction", sa.Integer, autoincrement=False),
        sa.Column("source", C),
        sa.Column("message_id", C),
        sa.Column("sha256", sa.LargeBinary, comment="of the body that contradicts the first"),
        sa.Column("delivery_no", sa.BigInteger, nullable=False, comment="under which the first body is kept"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("headers", JSONB),
        sa.Column("body", sa.LargeBinary, nullable=False, comment="sealed"),
        sa.PrimaryKeyConstraint("jurisdiction", "source", "message_id", "sha256", name="pk_anomaly"),
        schema="memory",
    )
    op.create_index("ix_anomaly_delivery", "anomaly", ["jurisdiction", "delivery_no"], schema="memory")
    op.create_table(
        "secret_use",
        sa.Column("jurisdiction", sa.Integer, autoincrement=False),
        sa.Column("source", C),
        sa.Column("variable", C),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "source", "variable", name="pk_secret_use"),
        schema="ops",
    )
    for name, default, says in (("messages", "1", "kept as one group"), ("landed", "0", "of them, in order")):
        op.add_column(
            "waiting_push",
            sa.Column(name, sa.Integer, nullable=False, server_default=sa.text(default), comment=says),
            schema="ops",
        )
    op.execute("GRANT SELECT, INSERT ON memory.anomaly TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ops.secret_use TO hub_app")


def downgrade() -> None:
    op.execute(
        "INSERT INTO ops.waiting_push (jurisdiction, delivery_no)"
        " SELECT w.jurisdiction, n FROM ops.waiting_push w,"
        " generate_series(w.delivery_no + greatest(w.landed, 1), w.delivery_no + w.messages - 1) AS n"
    )
    op.execute("DELETE FROM ops.waiting_push WHERE landed > 0")
    op.drop_column("waiting_push", "landed", schema="ops")
    op.drop_column("waiting_push", "messages", schema="ops")
    op.drop_table("secret_use", schema="ops")
    op.drop_table("anomaly", schema="memory")
