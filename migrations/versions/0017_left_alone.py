"""A source that fails again and again is left alone for a while, and says what becomes of missed slots and how fresh it must be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("open_until", sa.DateTime(timezone=True), nullable=True), schema="ops")
    op.add_column(
        "source",
        sa.Column(
            "missed",
            sa.Text(),
            server_default=sa.text("'run_once'"),
            nullable=False,
            comment="of slots that nobody ticked at: run_once, all or skip",
        ),
        schema="ops",
    )
    op.add_column(
        "source",
        sa.Column(
            "fresh_seconds",
            sa.Integer(),
            nullable=True,
            comment="how old its last good word may be; None: by its schedule",
        ),
        schema="ops",
    )


def downgrade() -> None:
    for column in ("fresh_seconds", "missed", "open_until"):
        op.drop_column("source", column, schema="ops")
