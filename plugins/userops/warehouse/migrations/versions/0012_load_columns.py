"""The columns of a load's file as JSON: dbt's unit tests on PostgreSQL cannot make a column of an array type."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("alter table meta.load_files alter column columns type jsonb using to_jsonb(columns)")


def downgrade() -> None:
    op.execute(
        "alter table meta.load_files alter column columns type text[]"
        " using string_to_array(btrim(replace(columns::text, '\"', ''), '[]'), ', ')"
    )
