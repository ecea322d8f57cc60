"""A page that was landed before is known as a whole as long as none of its records has moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_page",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column(
            "blocks",
            sa.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="the deliveries that began its records",
        ),
        sa.Column(
            "unreadable",
            sa.ARRAY(sa.Integer()),
            nullable=False,
            comment="its rows that nobody can read, by number",
        ),
        sa.Column(
            "records",
            sa.ARRAY(sa.Text()),
            nullable=True,
            comment="all it names, where it is part of a full listing",
        ),
        sa.Column("met", sa.BigInteger(), nullable=False, comment="the landing that last met it"),
        sa.PrimaryKeyConstraint("jurisdiction", "source", "said", name=op.f("pk_known_page")),
        schema="ops",
    )
    op.create_index("ix_known_page_met", "known_page", ["jurisdiction", "met"], schema="ops")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ops.known_page TO hub_app")


def downgrade() -> None:
    op.drop_table("known_page", schema="ops")
