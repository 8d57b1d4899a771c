"""What `tags/` and `audiences/` declare, for dbt to compile its models from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _config_scenarios()
    _config_tags()
    _config_audiences()
    # An engine may replace them, as it does every table of `build`.
    for table in ("config_scenarios", "config_tags", "config_audiences"):
        op.execute(f"alter table build.{table} owner to transformer")


def _config_scenarios() -> None:
    op.create_table(
        "config_scenarios",
        sa.Column("scenario", sa.Text(), primary_key=True),
        sa.Column("scenario_zh", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("eligible", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("eligible_sql", sa.Text(), nullable=False),
        sa.Column("outcome_sql", sa.Text(), nullable=False),
        schema="build",
        comment="One row per scenario.",
    )


def _config_tags() -> None:
    op.create_table(
        "config_tags",
        sa.Column("tag_code", sa.Text(), primary_key=True),
        sa.Column("tag_name", sa.Text(), nullable=False),
        sa.Column("tag_name_zh", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("category_zh", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("value_rule", sa.Text()),
        sa.Column("score_rule", sa.Text(), nullable=False),
        sa.Column("validity_days", sa.Integer(), nullable=False),
        sa.Column("rule_words", sa.Text(), nullable=False),
        sa.Column("features", sa.Text(), nullable=False),
        sa.Column("rule_sql", sa.Text(), nullable=False),
        sa.Column("value_sql", sa.Text()),
        sa.Column("score_sql", sa.Text(), nullable=False),
        schema="build",
        comment="One row per tag.",
    )


def _config_audiences() -> None:
    op.create_table(
        "config_audiences",
        sa.Column("audience_code", sa.Text(), primary_key=True),
        sa.Column("audience_name", sa.Text(), nullable=False),
        sa.Column("audience_name_zh", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_words", sa.Text(), nullable=False),
        sa.Column("rule_sql", sa.Text(), nullable=False),
        schema="build",
        comment="One row per audience.",
    )


def downgrade() -> None:
    op.drop_table("config_audiences", schema="build")
    op.drop_table("config_tags", schema="build")
    op.drop_table("config_scenarios", schema="build")
