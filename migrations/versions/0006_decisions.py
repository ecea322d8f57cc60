"""What people decide in one go is a row of its own: it groups its words, and can be undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("decision_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column(
            "changed",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the projects before and after, as they stood then",
        ),
        sa.PrimaryKeyConstraint("jurisdiction", "decision_no", name=op.f("pk_decision")),
        schema="memory",
    )
    op.create_index(
        "uq_decision_undoes", "decision", ["jurisdiction", "undoes"], unique=True, schema="memory"
    )
    for name in ("again", "decision_no"):
        op.add_column("judgement", sa.Column(name, sa.BigInteger(), nullable=True), schema="memory")
    drawn = "chance (10⁻⁶) by which the pair was drawn to be taught"
    op.add_column(
        "judgement", sa.Column("drawn", sa.Integer(), nullable=True, comment=drawn), schema="memory"
    )
    for name in ("decision_no", "withdraws"):
        op.create_index(f"ix_judgement_{name}", "judgement", ["jurisdiction", name], schema="memory")
    op.add_column(
        "jurisdiction",
        sa.Column("decision_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="ops",
    )
    op.create_table(
        "review_assignment",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("a", sa.Text(collation="C"), nullable=False),
        sa.Column("b", sa.Text(collation="C"), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "a", "b", name=op.f("pk_review_assignment")),
        schema="ops",
    )
    op.execute("GRANT SELECT, INSERT ON memory.decision TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ops.review_assignment TO hub_app")


def downgrade() -> None:
    raise NotImplementedError("memory is never dropped: restore a backup instead")
