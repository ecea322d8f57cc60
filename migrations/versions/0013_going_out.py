"""A change names the districts of its project, by which it is sent to who may or wants to know of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "change",
        sa.Column(
            "districts",
            sa.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="of the project, before and after",
        ),
        schema="ops",
    )


def downgrade() -> None:
    op.drop_column("change", "districts", schema="ops")
