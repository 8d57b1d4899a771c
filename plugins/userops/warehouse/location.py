"""Which database is the warehouse, and which holds Airflow's metadata."""

import re
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from userops.errors import EXIT_FAILED, UseropsError, first_line
from userops.settings import Settings, make_key
from userops.warehouse.embedded import EmbeddedServer


def warehouse_url(settings: Settings, start: bool = True) -> str:
    """Return the URL of the warehouse, starting the embedded server and creating its database if that is the one."""
    if settings.database_url:
        return settings.database_url
    server = EmbeddedServer(settings.home)
    if start:
        server.start()
        settings.with_hash_key()
        return server.ensure_database("userops")
    return server.url("userops")


def next_hash_key(settings: Settings) -> Path:
    """Make the key that replaces the stored one, in a file beside it until the warehouse has been changed."""
    stored = settings.home / "hash_key"
    if not stored.exists() or stored.read_text().strip() != settings.hash_key:
        raise UseropsError("The hash key is in USEROPS_HASH_KEY, which this command cannot change.",
                           fix="write the new key to a file, pass it with --to, then set the variable to it.")
    following = settings.home / "hash_key.new"
    make_key(following)
    return following


def airflow_url(settings: Settings) -> str:
    """Return the URL of the database for Airflow's metadata, on the server of the warehouse; create it if missing."""
    if not settings.database_url:
        server = EmbeddedServer(settings.home)
        server.start()
        return server.ensure_database("airflow")
    name = f"{conninfo_to_dict(settings.database_url)['dbname']}_airflow"
    try:
        with psycopg.connect(settings.database_url, autocommit=True, connect_timeout=10) as connection:
            if connection.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
                connection.execute(f'create database "{name}"')
    except psycopg.Error as error:
        raise UseropsError(
            f"The database {name} for Airflow's metadata cannot be created: {first_line(error)}.",
            fix="start the server, create that database, or set AIRFLOW__DATABASE__SQL_ALCHEMY_CONN.",
            exit_code=EXIT_FAILED,
        ) from error
    base, _, query = settings.database_url.partition("?")
    return re.sub(r"/[^/]*$", f"/{name}", base) + (f"?{query}" if query else "")
