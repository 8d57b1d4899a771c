"""`userops db`: the embedded server, and the key of the warehouse."""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from userops.errors import UseropsError
from userops.settings import Settings
from userops.warehouse.embedded import EmbeddedServer
from userops.warehouse.location import next_hash_key, warehouse_url, write_hash_key
from userops.warehouse.schema import migrate

db_app = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL, and the key of the warehouse.")


@db_app.command()
def start(port: Annotated[int | None, typer.Option(help="Port; a free one by default.")] = None) -> None:
    """Start the embedded server and bring the warehouse to this version's shape."""
    settings = Settings.load()
    if settings.database_url:
        raise UseropsError("USEROPS_DATABASE_URL names a server.", fix="start that one, or unset the variable.")
    server = EmbeddedServer(settings.home)
    server.start(port)
    write_hash_key(settings)
    migrate(server.ensure_database("userops"))
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
        raise UseropsError("psql is not installed.", fix="install PostgreSQL's client, or use `userops db url`.")
    os.execv(program, [program, target])


@db_app.command("rotate-key")
def rotate_key(
    to: Annotated[Path | None, typer.Option(help="File with the new key, where USEROPS_HASH_KEY gives it.")] = None,
) -> None:
    """Hash everything kept with a new key, in one transaction; users keep their ids. Safe to run again."""
    from userops.privacy import key_rotation, keys

    url = warehouse_url(Settings.load())
    settings = Settings.load()
    keys.given(settings)
    if to is not None and not to.is_file():
        raise UseropsError(f"There is no file {to}.", fix="write the new key to it: openssl rand -hex 32.")
    following = to or next_hash_key(settings)
    migrate(url)
    changed = key_rotation.rotate(url, settings, following.read_text().strip())
    if to is None:
        following.replace(settings.home / "hash_key")
    typer.echo(f"{changed} identifiers are hashed with the new key." if changed else "The warehouse has the new key.")
    if to is not None:
        typer.echo(f"Set USEROPS_HASH_KEY to the content of {to} before the next night.")
