"""Run the revisions: called by `userops.warehouse.schema.migrate`, or by the command `alembic`."""

from alembic import context
from sqlalchemy import Connection, text

from userops.settings import Settings
from userops.warehouse import rights
from userops.warehouse.location import warehouse_url
from userops.warehouse.schema import VERSION_SCHEMA, open_engine


def run(connection: Connection) -> None:
    """Apply the revisions that are missing, then grant the roles their rights, in one transaction."""
    applied = []
    connection.execute(text(f"create schema if not exists {VERSION_SCHEMA}"))
    context.configure(
        connection=connection,
        version_table_schema=VERSION_SCHEMA,
        on_version_apply=lambda **of: applied.append(of["step"]),
    )
    with context.begin_transaction():
        context.run_migrations()
        if any(step.is_upgrade for step in applied):
            for statement in rights.statements():
                connection.exec_driver_sql(statement)


if context.is_offline_mode():
    raise SystemExit("Revisions are applied to a database, not written as a script. Fix: leave --sql out.")
given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with open_engine(warehouse_url(Settings.load())).begin() as opened:
        run(opened)
