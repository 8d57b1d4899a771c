"""Roles and schemas; what each role may do stands in `userops.warehouse.rights`."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMAS = (
    "raw", "quarantine", "vault", "staging", "build", "quality", "slot_0", "slot_1", "slot_2", "marts", "meta",
)
# Roles belong to the server: another database on it may have made them, or may be making them now.
ROLES = """
    do $$
    declare name text;
    begin
        foreach name in array array['loader', 'transformer', 'publisher', 'bi_reader'] loop
            begin
                execute format('create role %I nologin', name);
            exception when duplicate_object or unique_violation then
                raise notice 'role % exists', name;
            end;
            execute format('grant %I to current_user', name);
        end loop;
        execute format('revoke create on database %I from public', current_database());
        execute format('grant create on database %I to transformer', current_database());
    end $$
"""


def upgrade() -> None:
    op.execute(ROLES)
    for schema in SCHEMAS:
        op.execute(f"create schema if not exists {schema}")
    op.execute("revoke all on schema public from public")
    # The transformer owns what it makes here; the tables of 0006 go to it too.
    op.execute("grant usage, create on schema build to transformer")


def downgrade() -> None:
    """Leave `meta`, where alembic keeps its version, and the roles, which other databases may use."""
    for schema in reversed(SCHEMAS):
        if schema != "meta":
            op.execute(f"drop schema {schema} cascade")
