"""What people decided about held runs, and why: approvals and rejections, by name."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint("decision in ('approved', 'rejected')", name="decisions_decision"),
        schema="meta",
        comment="One row per decision of a person about a held run.",
    )
    op.create_index("decisions_by_run_id", "decisions", ["run_id"], schema="meta")


def downgrade() -> None:
    op.drop_table("decisions", schema="meta")
