"""Runs, who may write, and what checks said."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _runs()
    _writer()
    _run_parameters()
    _approvals()
    _quality_results()
    _step_timings()
    _outbox()


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text(), primary_key=True),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text()),
        sa.CheckConstraint("state in ('running', 'published', 'blocked', 'failed', 'held')", name="runs_state"),
        schema="meta",
        comment="One row per run.",
    )
    op.create_index("runs_by_date", "runs", ["business_date", "token"], schema="meta")


def _writer() -> None:
    op.create_table(
        "writer",
        sa.Column("only_row", sa.Boolean(), primary_key=True, server_default=sa.text("true")),
        sa.Column("token", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("run_id", sa.Text()),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("only_row", name="writer_one"),
        schema="meta",
        comment="One row: who may write. The highest token ever given wins; an older one writes nothing.",
    )
    op.execute("create sequence meta.fencing_token")
    op.execute("insert into meta.writer default values")


def _run_parameters() -> None:
    op.create_table(
        "run_parameters",
        sa.Column("only_row", sa.Boolean(), primary_key=True, server_default=sa.text("true")),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("only_row", name="run_parameters_one"),
        schema="meta",
        comment="One row: what the models of the newest run are compiled with.",
    )


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("check_name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("business_date", "check_name", "subject"),
        schema="meta",
        comment="One row per warning that a person let pass (USEROPS_HOLD_WARNINGS).",
    )


def _quality_results() -> None:
    op.create_table(
        "quality_results",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("check_name", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("observed", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("seconds", sa.Numeric(), comment="What a model or test took; null for other checks."),
        sa.Column("rows", sa.BigInteger()),
        schema="meta",
        comment="One row per check of a run.",
    )
    op.create_index("quality_results_by_run_id", "quality_results", ["run_id"], schema="meta")


def _step_timings() -> None:
    op.create_table(
        "step_timings",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Numeric(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        schema="meta",
        comment="One row per step of a run, and per export of the step `ingest`.",
    )
    op.create_index("step_timings_by_run_id", "step_timings", ["run_id"], schema="meta")


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause_key", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date()),
        sa.Column("run_id", sa.Text()),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, server_default="pending"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("last_error", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind in ('alert', 'recovery')", name="outbox_kind"),
        sa.CheckConstraint("state in ('pending', 'delivered', 'failed')", name="outbox_state"),
        schema="meta",
        comment="One row per message to be sent and target.",
    )


def downgrade() -> None:
    op.drop_table("outbox", schema="meta")
    op.drop_table("step_timings", schema="meta")
    op.drop_table("quality_results", schema="meta")
    op.drop_table("approvals", schema="meta")
    op.drop_table("run_parameters", schema="meta")
    op.drop_table("writer", schema="meta")
    op.execute("drop sequence meta.fencing_token")
    op.drop_table("runs", schema="meta")
