"""Identifiers, the keys they are hashed with, and who was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _identifiers()
    _personal_texts()
    _keys()
    _hash_key()
    _id_key()
    _first_hashes()
    _erased_contacts()
    _erased_identifiers()
    _erased_user_ids()
    _erasure_log()


def _identifiers() -> None:
    op.create_table(
        "identifiers",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raw_value", sa.Text(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("hash", sa.Text()),
        sa.PrimaryKeyConstraint("kind", "raw_value"),
        sa.CheckConstraint(
            "kind in ('phone', 'email', 'unionid', 'external_userid', 'device_id')", name="identifiers_kind"
        ),
        schema="vault",
        comment="One row per spelling of an identifier, with its normalized value and keyed hash.",
    )


def _personal_texts() -> None:
    op.create_table(
        "personal_texts",
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        schema="vault",
        comment="One row per personal text (a nickname, a name) of a stored row, which the lake does not hold.",
    )
    # Rows lie in the order of their loads.
    op.create_index(
        "personal_texts_by_load_id", "personal_texts", ["load_id"], schema="vault", postgresql_using="brin"
    )


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("key_id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.CheckConstraint("purpose in ('pseudonym', 'retired')", name="keys_purpose"),
        schema="vault",
        comment="One row per key derived from the hash key, and per earlier hash key that erased hashes need.",
    )
    op.create_index(
        "keys_one_pseudonym", "keys", ["purpose"], schema="vault", unique=True,
        postgresql_where=sa.text("purpose = 'pseudonym'"),
    )


def _hash_key() -> None:
    op.create_table(
        "hash_key",
        sa.Column("only_row", sa.Boolean(), primary_key=True, server_default=sa.text("true")),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("set_by", sa.Text(), nullable=False, server_default=sa.text("session_user")),
        sa.CheckConstraint("only_row", name="hash_key_one"),
        schema="meta",
        comment="One row: the fingerprint of the key that identifiers are hashed with, never the key.",
    )


def _id_key() -> None:
    op.create_table(
        "id_key",
        sa.Column("only_row", sa.Boolean(), primary_key=True, server_default=sa.text("true")),
        sa.Column("key", sa.Text(), nullable=False),
        sa.CheckConstraint("only_row", name="id_key_one"),
        schema="meta",
        comment="One row: the key of user ids and of contact ids' hashes; a change of the hash key keeps it.",
    )


def _first_hashes() -> None:
    op.create_table(
        "first_hashes",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("first_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "hash"),
        schema="meta",
        comment="One row per identifier hashed with a second key: the hash it had first, which user ids use.",
    )


def _erased_contacts() -> None:
    op.create_table(
        "erased_contacts",
        sa.Column("contact_id", sa.Text(), primary_key=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False, comment="The newest load that was searched."),
        schema="meta",
        comment="One row per erased contact; its id is refused for ever.",
    )


def _erased_identifiers() -> None:
    op.create_table(
        "erased_identifiers",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "hash"),
        schema="meta",
        comment="One row per keyed hash that erased contacts alone carried.",
    )


def _erased_user_ids() -> None:
    op.create_table(
        "erased_user_ids",
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        schema="meta",
        comment="One row per user id made from an erased identifier, until a publication has removed it everywhere.",
    )


def _erasure_log() -> None:
    op.create_table(
        "erasure_log",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        schema="meta",
        comment="One row per erasure request and table: how many rows were removed or emptied.",
    )


def downgrade() -> None:
    op.drop_table("erasure_log", schema="meta")
    op.drop_table("erased_user_ids", schema="meta")
    op.drop_table("erased_identifiers", schema="meta")
    op.drop_table("erased_contacts", schema="meta")
    op.drop_table("first_hashes", schema="meta")
    op.drop_table("id_key", schema="meta")
    op.drop_table("hash_key", schema="meta")
    op.drop_table("keys", schema="vault")
    op.drop_table("personal_texts", schema="vault")
    op.drop_table("identifiers", schema="vault")
