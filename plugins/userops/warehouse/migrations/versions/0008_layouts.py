"""What a load's file was read as: its layout, and the parents that it delivers whole."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    layout = "The layout of its platform that read it, such as shopify/1; null for a canonical file."
    whole = "The column whose values the file brings all rows of, such as order_id; null where it brings single rows."
    op.add_column("load_files", sa.Column("layout", sa.Text(), comment=layout), schema="meta")
    op.add_column("load_files", sa.Column("whole", sa.Text(), comment=whole), schema="meta")


def downgrade() -> None:
    op.drop_column("load_files", "whole", schema="meta")
    op.drop_column("load_files", "layout", schema="meta")
