"""What departments said and people decided (memory), and what the hub keeps to run (ops)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The application works as hub_app: it may add to memory and never change it, but for the moving heads.
GRANTS = (
    """
    DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_app') THEN
        BEGIN
          CREATE ROLE hub_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
      END IF;
      IF NOT pg_has_role(
        current_user, 'hub_app', CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END
      ) THEN
        EXECUTE format('GRANT hub_app TO %I', current_user);
      END IF;
      EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO hub_app', current_database());
    END $$
    """,
    "GRANT USAGE ON SCHEMA memory, ops TO hub_app",
    "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA memory TO hub_app",
    "GRANT UPDATE ON memory.head TO hub_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ops TO hub_app",
    "GRANT SELECT ON public.alembic_version TO hub_app",
)


def upgrade() -> None:
    for schema in ("memory", "ops"):
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.create_table(
        "correction",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("correction_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("seen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdraws", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "correction_no", name=op.f("pk_correction")),
        schema="memory",
    )
    op.create_index(
        "ix_correction_record", "correction", ["jurisdiction", "record_id"], unique=False, schema="memory"
    )
    op.create_table(
        "delivery",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("delivery_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.Text(collation="C"), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "body",
            sa.LargeBinary(),
            nullable=True,
            comment="sealed; a pushed message whole, None where the rows are kept instead",
        ),
        sa.PrimaryKeyConstraint("jurisdiction", "delivery_no", name=op.f("pk_delivery")),
        schema="memory",
    )
    op.create_index(
        "uq_delivery_message",
        "delivery",
        ["jurisdiction", "source", "message_id"],
        unique=True,
        schema="memory",
    )
    op.create_index(
        "ix_delivery_source",
        "delivery",
        ["jurisdiction", "source", "delivery_no"],
        unique=False,
        schema="memory",
    )
    op.create_table(
        "head",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Text(collation="C"), nullable=False),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("delivery_no", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("first_delivery", sa.BigInteger(), nullable=False),
        sa.Column("first_row", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "record_id", name=op.f("pk_head")),
        schema="memory",
    )
    op.create_index(
        "ix_head_source", "head", ["jurisdiction", "source", "record_id"], unique=False, schema="memory"
    )
    op.create_table(
        "judgement",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("judgement_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("a", sa.Text(collation="C"), nullable=False),
        sa.Column("b", sa.Text(collation="C"), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash_a", sa.Text(), nullable=False),
        sa.Column("hash_b", sa.Text(), nullable=False),
        sa.Column("cores_a", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("cores_b", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("withdraws", sa.BigInteger(), nullable=True),
        sa.Column("confirms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "judgement_no", name=op.f("pk_judgement")),
        schema="memory",
    )
    op.create_index("ix_judgement_a", "judgement", ["jurisdiction", "a"], unique=False, schema="memory")
    op.create_index("ix_judgement_b", "judgement", ["jurisdiction", "b"], unique=False, schema="memory")
    op.create_table(
        "key_alias",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("new_key", sa.Text(collation="C"), nullable=False),
        sa.Column("old_key", sa.Text(collation="C"), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "source", "new_key", name=op.f("pk_key_alias")),
        schema="memory",
    )
    op.create_table(
        "landing",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("landing_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_no", sa.BigInteger(), nullable=False),
        sa.Column("landed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("unreadable", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "landing_no", name=op.f("pk_landing")),
        schema="memory",
    )
    op.create_index(
        "uq_landing_delivery", "landing", ["jurisdiction", "delivery_no"], unique=True, schema="memory"
    )
    op.create_table(
        "raw_record",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("delivery_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "op",
            sa.Text(),
            nullable=False,
            comment="upsert, delete, or confirm (same content, higher version)",
        ),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="sealed; None for a confirmation"),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "delivery_no", "row_no", name=op.f("pk_raw_record")),
        schema="memory",
    )
    op.create_index(
        "ix_raw_record_record",
        "raw_record",
        ["jurisdiction", "record_id", "version"],
        unique=False,
        schema="memory",
    )
    op.create_table(
        "rule_set",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule_set_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "rule_set_no", name=op.f("pk_rule_set")),
        schema="memory",
    )
    op.create_table(
        "unreadable",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("delivery_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("row_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "delivery_no", "row_no", name=op.f("pk_unreadable")),
        schema="memory",
    )
    op.create_table(
        "api_key",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "key_id", name=op.f("pk_api_key")),
        schema="ops",
    )
    op.create_table(
        "change",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(collation="C"), nullable=False),
        sa.Column("other_id", sa.Text(collation="C"), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("rebuilt", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "change_no", name=op.f("pk_change")),
        schema="ops",
    )
    op.create_table(
        "held_deletion",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.Column("vanished", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "run_id", name=op.f("pk_held_deletion")),
        schema="ops",
    )
    op.create_table(
        "jurisdiction",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("delivery_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("landing_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("judgement_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("correction_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rule_set_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("change_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("generation", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", name=op.f("pk_jurisdiction")),
        schema="ops",
    )
    op.create_table(
        "lease",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "name", name=op.f("pk_lease")),
        schema="ops",
    )
    op.create_table(
        "listing_seen",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "run_id", "record_id", name=op.f("pk_listing_seen")),
        schema="ops",
    )
    op.create_table(
        "waiting_push",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("delivery_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "delivery_no", name=op.f("pk_waiting_push")),
        schema="ops",
    )
    op.create_table(
        "report",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "report_id", name=op.f("pk_report")),
        schema="ops",
    )
    op.create_table(
        "run",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor_from", sa.Text(), nullable=True),
        sa.Column("cursor_to", sa.Text(), nullable=True),
        sa.Column("pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("received", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("kept", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unreadable", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "run_id", name=op.f("pk_run")),
        schema="ops",
    )
    op.create_index("ix_run_queued_at", "run", ["jurisdiction", "queued_at"], unique=False, schema="ops")
    op.create_index(
        "uq_run_live",
        "run",
        ["jurisdiction", "source"],
        unique=True,
        schema="ops",
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index("uq_run_slot", "run", ["jurisdiction", "source", "slot"], unique=True, schema="ops")
    op.create_table(
        "source",
        sa.Column("jurisdiction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column(
            "attention",
            sa.Text(),
            nullable=True,
            comment="what a person must do before the source runs again",
        ),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("jurisdiction", "source", name=op.f("pk_source")),
        schema="ops",
    )
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("memory is never dropped: restore a backup instead")
