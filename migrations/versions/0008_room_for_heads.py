"""A page of heads keeps room for their next ones: a head that moves within its page costs no index an entry."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE memory.head SET (fillfactor = 50)")


def downgrade() -> None:
    op.execute("ALTER TABLE memory.head RESET (fillfactor)")
