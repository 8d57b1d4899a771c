"""Versions, the one that readers see, and the publication logs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _publications()
    _pointer()
    _published_figures()
    _log_user_ids()
    _log_tags()
    _log_audiences()
    _log_tag_counts()


def _publications() -> None:
    op.create_table(
        "publications",
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("base_version", sa.BigInteger(), comment="What readers saw just before; null for the first."),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("published_by", sa.Text(), nullable=False, server_default=sa.text("session_user")),
        sa.CheckConstraint("base_version < version", name="publications_base"),
        sa.CheckConstraint("slot in (0, 1, 2)", name="publications_slot"),
        schema="meta",
        comment="One row per version ever published.",
    )


def _pointer() -> None:
    op.create_table(
        "pointer",
        sa.Column("only_row", sa.Boolean(), primary_key=True, server_default=sa.text("true")),
        sa.Column("version", sa.BigInteger()),
        sa.Column("slot", sa.SmallInteger()),
        sa.Column("business_date", sa.Date()),
        sa.Column("moved_at", sa.DateTime(timezone=True)),
        sa.Column("moved_by", sa.Text()),
        sa.CheckConstraint("only_row", name="pointer_one"),
        schema="meta",
        comment="One row: the version that readers see. To publish is to update it.",
    )
    op.execute("insert into meta.pointer default values")


def _published_figures() -> None:
    op.create_table(
        "published_figures",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, server_default=""),
        sa.Column("value", sa.Numeric()),
        sa.PrimaryKeyConstraint("version", "figure", "subject"),
        schema="meta",
        comment="One row per version, figure and subject: what the gate compares the next version with.",
    )


def _log_user_ids() -> None:
    op.create_table(
        "log_user_ids",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("old_user_id", sa.Text(), nullable=False),
        sa.Column("new_user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False, comment="Contacts that went from the old id to the new."),
        sa.PrimaryKeyConstraint("version", "old_user_id", "new_user_id"),
        sa.CheckConstraint("kind in ('merge', 'split', 'renamed')", name="log_user_ids_kind"),
        schema="meta",
        comment="One row per version and change of a published user id.",
    )


def _log_tags() -> None:
    op.create_table(
        "log_tags",
        sa.Column("version", sa.BigInteger(), nullable=False, comment="The first version without this value."),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("tag_code", sa.Text(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("from_version", sa.BigInteger(), nullable=False, comment="The first version with this value."),
        sa.PrimaryKeyConstraint("version", "user_id", "tag_code"),
        schema="meta",
        comment="One row per interval of a tag's value that ended; those that last are in the slots.",
    )
    op.create_index("log_tags_by_user_id", "log_tags", ["user_id"], schema="meta")


def _log_audiences() -> None:
    op.create_table(
        "log_audiences",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience_code", sa.Text(), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", "audience_code"),
        schema="meta",
        comment="One row per version and audience: how its membership changed.",
    )


def _log_tag_counts() -> None:
    op.create_table(
        "log_tag_counts",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("tag_code", sa.Text(), nullable=False),
        sa.Column("users", sa.BigInteger(), nullable=False, comment="Users who bear the tag."),
        sa.Column("all_users", sa.BigInteger(), nullable=False, comment="Users in all."),
        sa.PrimaryKeyConstraint("version", "tag_code"),
        schema="meta",
        comment="One row per version and tag.",
    )


def downgrade() -> None:
    op.drop_table("log_tag_counts", schema="meta")
    op.drop_table("log_audiences", schema="meta")
    op.drop_table("log_tags", schema="meta")
    op.drop_table("log_user_ids", schema="meta")
    op.drop_table("published_figures", schema="meta")
    op.drop_table("pointer", schema="meta")
    op.drop_table("publications", schema="meta")
