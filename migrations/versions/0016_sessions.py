"""People log in: by a password or by a provider of identities; their sessions are rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("account", sa.Column("password", sa.Text(), nullable=True), schema="ops")
    op.add_column("account", sa.Column("subject", sa.Text(), nullable=True), schema="ops")
    op.add_column(
        "account",
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="ops",
    )
    op.add_column("account", sa.Column("locked_until", MOMENT, nullable=True), schema="ops")
    op.create_index("uq_account_subject", "account", ["jurisdiction", "subject"], unique=True, schema="ops")
    op.create_table(
        "session",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("session_id", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "session_id", name=op.f("pk_session")),
        schema="ops",
    )
    op.create_table(
        "login",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "state", name=op.f("pk_login")),
        schema="ops",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ops.session, ops.login TO hub_app")


def downgrade() -> None:
    op.drop_table("login", schema="ops")
    op.drop_table("session", schema="ops")
    op.drop_index("uq_account_subject", "account", schema="ops")
    for name in ("locked_until", "failures", "subject", "password"):
        op.drop_column("account", name, schema="ops")
