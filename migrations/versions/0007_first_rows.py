"""A row that is the first of its record says so: whoever reads it on need not ask whether anything stands already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "raw_record",
        sa.Column("begins", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="memory",
    )


def downgrade() -> None:
    op.drop_column("raw_record", "begins", schema="memory")
