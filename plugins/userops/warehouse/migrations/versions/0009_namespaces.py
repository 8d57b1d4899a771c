"""Identifiers by namespace: one spelling may be two people's, in two apps or in two countries."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    words = "Within which the identifier joins people, hashed with it; empty: the whole business."
    op.add_column(
        "identifiers", sa.Column("namespace", sa.Text(), nullable=False, server_default="", comment=words),
        schema="vault",
    )
    op.drop_constraint("identifiers_pkey", "identifiers", schema="vault", type_="primary")
    # Every stored identifier has a hash: what identifies nobody stands among the personal texts.
    op.execute("delete from vault.identifiers where hash is null")
    op.create_primary_key("identifiers_pkey", "identifiers", ["kind", "raw_value", "hash"], schema="vault")


def downgrade() -> None:
    op.drop_constraint("identifiers_pkey", "identifiers", schema="vault", type_="primary")
    op.execute(
        "delete from vault.identifiers as more using vault.identifiers as kept"
        " where more.kind = kept.kind and more.raw_value = kept.raw_value and more.hash > kept.hash"
    )
    op.create_primary_key("identifiers_pkey", "identifiers", ["kind", "raw_value"], schema="vault")
    op.drop_column("identifiers", "namespace", schema="vault")
