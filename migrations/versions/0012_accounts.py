"""Keys belong to accounts, which have roles, departments and districts; of the three admins nobody is two."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0013"
branch_labels = None
depends_on = None

KNOWN = "'sender', 'reader', 'reviewer', 'department_admin', 'system_admin', 'security_admin', 'audit_admin'"
ONE_ADMIN = " + ".join(
    f"(roles @> ARRAY['{role}']::text[])::int" for role in ("system_admin", "security_admin", "audit_admin")
)


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    # keys with scopes were given out by no release; a key is made anew for its account
    op.drop_table("api_key", schema="ops")
    every = "'*' for every; empty reaches no row"
    op.create_table(
        "account",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("departments", sa.ARRAY(sa.Text()), nullable=False, comment=every),
        sa.Column("districts", sa.ARRAY(sa.Text()), nullable=False, comment=every),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at", nullable=False),
        _moment("disabled_at"),
        sa.PrimaryKeyConstraint("jurisdiction", "account_id", name=op.f("pk_account")),
        sa.CheckConstraint(f"roles <@ ARRAY[{KNOWN}]::text[]", name=op.f("ck_account_roles")),
        sa.CheckConstraint(f"{ONE_ADMIN} <= 1", name=op.f("ck_account_one_admin")),
        schema="ops",
    )
    op.create_index("uq_account_name", "account", ["jurisdiction", "name"], unique=True, schema="ops")
    op.create_table(
        "api_key",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Text(collation="C"), nullable=False),
        sa.Column("account_id", sa.Text(collation="C"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        _moment("created_at", nullable=False),
        *(_moment(f"{name}_at") for name in ("begins", "expires", "revoked", "used")),
        sa.PrimaryKeyConstraint("jurisdiction", "key_id", name=op.f("pk_api_key")),
        schema="ops",
    )
    op.create_index("ix_api_key_account", "api_key", ["jurisdiction", "account_id"], schema="ops")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ops.account, ops.api_key TO hub_app")


def downgrade() -> None:
    op.drop_table("api_key", schema="ops")
    op.drop_table("account", schema="ops")
    op.create_table(
        "api_key",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        _moment("created_at", nullable=False),
        *(_moment(f"{name}_at") for name in ("expires", "revoked", "used")),
        sa.PrimaryKeyConstraint("jurisdiction", "key_id", name=op.f("pk_api_key")),
        schema="ops",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ops.api_key TO hub_app")
