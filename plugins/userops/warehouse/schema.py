"""The schema of the warehouse: revisions of alembic in `migrations/`, applied by `migrate`."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, pool, text

from userops.errors import UseropsError
from userops.warehouse.connection import connect

MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_SCHEMA = "meta"
LOCK = "userops.migrate"


def migrate(url: str) -> None:
    """Bring a database to the newest revision; concurrent callers wait for one another.

    A database that has it is only asked for its revision: a run neither waits for a long query of a reader, nor makes
    readers queue behind it.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with connect(url) as connection:
        if current_revision(connection) == ScriptDirectory.from_config(config).get_current_head():
            return
    with open_engine(url).begin() as connection:
        connection.execute(text(f"select pg_advisory_xact_lock(hashtext('{LOCK}'))"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise UseropsError(
                f"The warehouse cannot be brought to this version's schema: {error}.",
                fix="a newer version of userops may have changed it: install that one, or name another database.",
            ) from error


def current_revision(connection: psycopg.Connection) -> str | None:
    """The revision of the database; None before the first."""
    table = f"{VERSION_SCHEMA}.alembic_version"
    if connection.execute("select to_regclass(%s)", [table]).fetchone()[0] is None:
        return None
    row = connection.execute(f"select version_num from {table}").fetchone()
    return row and row[0]


def open_engine(url: str) -> Engine:
    """An engine of SQLAlchemy, which alembic wants, over any URL that libpq takes."""
    return create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=pool.NullPool)
