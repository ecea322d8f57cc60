"""How far each source's department has been told what became of its rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("landing_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("row_no", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "generation",
            sa.Integer(),
            server_default=sa.text("-1"),
            nullable=False,
            comment="of the derived drawer it was told from; another one is told from the beginning",
        ),
        sa.Column("rows", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("attention", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column(
            "until", sa.DateTime(timezone=True), nullable=True, comment="taken, or left alone, so long"
        ),
        sa.PrimaryKeyConstraint("jurisdiction", "source", name=op.f("pk_told")),
        schema="ops",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ops.told TO hub_app")


def downgrade() -> None:
    raise NotImplementedError("memory is never dropped: restore a backup instead")
