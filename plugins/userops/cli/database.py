"""`userops db`: the embedded server."""

import os
import shutil
from typing import Annotated

import typer

from userops.errors import UseropsError
from userops.settings import Settings
from userops.warehouse.bootstrap import bootstrap
from userops.warehouse.embedded import EmbeddedServer
from userops.warehouse.place import warehouse_url, write_hash_key

db_app = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL.")


@db_app.command()
def start(port: Annotated[int | None, typer.Option(help="Port; a free one by default.")] = None) -> None:
    """Start the embedded server and bring the warehouse to this version's shape."""
    settings = Settings.load()
    if settings.database_url:
        raise UseropsError("USEROPS_DATABASE_URL names a server.", mend="start that one, or unset the variable.")
    server = EmbeddedServer(settings.home)
    server.start(port)
    write_hash_key(settings)
    bootstrap(server.ensure_database("userops"))
    typer.echo(server.url("userops"))


@db_app.command()
def stop() -> None:
    """Stop the embedded server."""
    EmbeddedServer(Settings.load().home).stop()


@db_app.command()
def url() -> None:
    """Print one libpq URL that any client takes."""
    typer.echo(warehouse_url(Settings.load(), start=False))


@db_app.command()
def psql() -> None:
    """Open psql on the warehouse."""
    target = warehouse_url(Settings.load())
    program = shutil.which("psql")
    if program is None:
        raise UseropsError("psql is not installed.", mend="install PostgreSQL's client, or use `userops db url`.")
    os.execv(program, [program, target])
