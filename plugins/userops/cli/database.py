"""`userops db`: the embedded server, and the key of the warehouse."""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from userops.cli.edge import load_settings
from userops.errors import UseropsError
from userops.settings import make_key
from userops.warehouse.embedded import EmbeddedServer
from userops.warehouse.location import next_hash_key, warehouse_url
from userops.warehouse.readers import make_reader, reader_url
from userops.warehouse.schema import migrate

db_app = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL, and the key of the warehouse.")


@db_app.command()
def start(port: Annotated[int | None, typer.Option(help="Port; a free one by default.")] = None) -> None:
    """Start the embedded server and bring the warehouse to this version's schema."""
    settings = load_settings()
    if settings.database_url:
        raise UseropsError("USEROPS_DATABASE_URL names a server.", fix="start that one, or unset the variable.")
    server = EmbeddedServer(settings.home)
    server.start(port)
    settings.with_hash_key()
    migrate(server.ensure_database("userops"))
    typer.echo(server.url("userops"))


@db_app.command()
def stop() -> None:
    """Stop the embedded server."""
    EmbeddedServer(load_settings().home).stop()


@db_app.command()
def url() -> None:
    """Print the URL of the warehouse, which any client takes."""
    typer.echo(warehouse_url(load_settings(), start=False))


@db_app.command()
def psql() -> None:
    """Open psql on the warehouse."""
    target = warehouse_url(load_settings())
    program = shutil.which("psql")
    if program is None:
        raise UseropsError("psql is not installed.", fix="install PostgreSQL's client, or use `userops db url`.")
    os.execv(program, [program, target])


@db_app.command()
def reader(
    name: Annotated[str, typer.Argument(help="Name of the login, such as metabase.")],
    password_file: Annotated[Path, typer.Option(help="File with its password, made if it is missing.")],
) -> None:
    """Make a login for a BI tool, which reads the published marts and nothing else; again to change its password."""
    settings = load_settings()
    url = warehouse_url(settings)
    migrate(url)
    if not password_file.exists():
        make_key(password_file)
    make_reader(url, name, password_file.read_text(encoding="utf-8").strip())
    typer.echo(reader_url(url, name))


@db_app.command("rotate-key")
def rotate_key(
    to: Annotated[Path | None, typer.Option(help="File with the new key, where USEROPS_HASH_KEY gives it.")] = None,
) -> None:
    """Hash everything stored with a new key, in one transaction; users keep their ids. Safe to run again."""
    from userops.privacy import key_rotation, keys

    settings = load_settings().with_hash_key()
    keys.given(settings)
    url = warehouse_url(settings)
    if to is not None and not to.is_file():
        raise UseropsError(f"There is no file {to}.", fix="write the new key to it: openssl rand -hex 32.")
    following = to or next_hash_key(settings)
    migrate(url)
    changed = key_rotation.rotate(url, settings, following.read_text().strip())
    if to is None:
        following.replace(settings.home / "hash_key")
    said = f"{changed} identifiers are hashed with the new key." if changed else "The warehouse has the new key."
    typer.echo(said)
    if to is not None:
        typer.echo(f"Set USEROPS_HASH_KEY to the content of {to} before the next run.")
