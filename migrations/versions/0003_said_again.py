"""A head knows the bytes it stands on: who says them again need not be read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "head",
        sa.Column(
            "said",
            sa.LargeBinary(),
            server_default=sa.text("''"),
            nullable=False,
            comment="hash of the bytes it stands on and of the rules they were read by; empty: read them again",
        ),
        schema="memory",
    )


def downgrade() -> None:
    op.drop_column("head", "said", schema="memory")
