"""What the columns of each load look like, and the levels that a person accepted as the new normal."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "column_profiles",
        sa.Column("load_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("column_name", sa.Text(), primary_key=True, comment="The column; (rows) for the load as a whole."),
        sa.Column("kind", sa.Text(), nullable=False,
                  comment="money, identifier, status, time, consent or other."),
        sa.Column("figure", sa.Text(), primary_key=True,
                  comment="What was counted: rows, filled, distinct, value, hour, shape, median, changed …"),
        sa.Column("part", sa.Text(), primary_key=True, comment="Of which part, such as an hour; empty for the whole."),
        sa.Column("amount", sa.Double(), nullable=False),
        schema="meta",
        comment="One row per load, column and figure: what the load's rows look like, without a personal value.",
    )  # fmt: skip
    op.create_table(
        "accepted_levels",
        sa.Column("check_name", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("since", sa.Date(), primary_key=True,
                  comment="The business date from which on the new level is the normal one."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        schema="meta",
        comment="One row per true change of the business that a person accepted for a check and its subject.",
    )


def downgrade() -> None:
    op.drop_table("accepted_levels", schema="meta")
    op.drop_table("column_profiles", schema="meta")
