"""Delivered files and rows that were set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _load_files()
    _waivers()
    _rows()
    _lake_deletions()
    _raw_copies()


def _load_files() -> None:
    op.create_table(
        "load_files",
        sa.Column("load_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="'canonical', or the source whose platform was mapped."),
        sa.Column("export", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("row_set_hash", sa.Text()),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("rows_in_file", sa.BigInteger(), nullable=False),
        sa.Column("rows_loaded", sa.BigInteger(), nullable=False),
        sa.Column("rows_quarantined", sa.BigInteger(), nullable=False),
        sa.Column("rows_erased", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("lake_path", sa.Text(), comment="Where its Parquet file is in the lake; null where it has none."),
        sa.Column("columns", sa.ARRAY(sa.Text()), comment="The columns of the file."),
        sa.Column("stamp", sa.Text(), comment="Size and time of the file in the landing place, as it was read."),
        sa.Column("ends_line", sa.Boolean(), comment="Whether its last line had an end."),
        sa.Column("run_id", sa.Text()),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.CheckConstraint("state in ('loaded', 'replaced', 'refused', 'waived')", name="load_files_state"),
        sa.CheckConstraint(
            "state in ('refused', 'waived') or rows_in_file = rows_loaded + rows_quarantined + rows_erased",
            name="load_files_rows",
        ),
        schema="meta",
        comment="One row per delivered file and what came of it.",
    )
    op.create_index("load_files_by_date", "load_files", ["business_date", "export"], schema="meta")


def _waivers() -> None:
    op.create_table(
        "waivers",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("waived_by", sa.Text(), nullable=False),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("business_date", "source", "file_name"),
        schema="meta",
        comment="One row per file that a person declared known missing.",
    )


def _rows() -> None:
    op.create_table(
        "rows",
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("export", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("raw_text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("quarantined_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        schema="quarantine",
        comment="One row per delivered row that was set aside, as it came.",
    )
    op.create_index("rows_by_load_id", "rows", ["load_id"], schema="quarantine")


def _lake_deletions() -> None:
    op.create_table(
        "lake_deletions",
        sa.Column("path", sa.Text(), primary_key=True),
        sa.Column("delete_after", sa.DateTime(timezone=True), nullable=False),
        schema="meta",
        comment="One row per file of the lake that a newer revision or delivery replaced, until it is deleted.",
    )


def _raw_copies() -> None:
    op.create_table(
        "raw_copies",
        sa.Column("lake_path", sa.Text(), primary_key=True),
        sa.Column("export", sa.Text(), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        schema="meta",
        comment="One row per file of the lake whose rows the tables in raw hold (engine postgres).",
    )


def downgrade() -> None:
    op.drop_table("raw_copies", schema="meta")
    op.drop_table("lake_deletions", schema="meta")
    op.drop_table("rows", schema="quarantine")
    op.drop_table("waivers", schema="meta")
    op.drop_table("load_files", schema="meta")
