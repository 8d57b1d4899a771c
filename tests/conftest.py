"""One database cluster a session: the embedded server, or the one USEROPS_TEST_DATABASE_URL names.

Properties are tried on few examples before each commit; `--hypothesis-profile thorough` (make fuzz) tries many.
"""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg.conninfo import conninfo_to_dict

from userops.warehouse.embedded import EmbeddedServer
from userops.warehouse.schema import migrate

if TYPE_CHECKING:
    from platform_place import Place

PROJECT_ROOT = Path(__file__).resolve().parents[1]
for profile, examples in {"quick": 20, "thorough": 500}.items():
    settings.register_profile(
        profile, max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
settings.load_profile("quick")


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    base, _, query = url.partition("?")
    base = re.sub(r"(?<=[^/])/[^/]*$", "", base)
    return f"{base}/{name}" + (f"?{query}" if query else "")


def name_of(url: str) -> str:
    """The database of a URL."""
    return conninfo_to_dict(url)["dbname"]


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("USEROPS_TEST_DATABASE_URL")
    if given:
        yield given
        return
    server = EmbeddedServer(tmp_path_factory.mktemp("embedded"))
    server.start()
    yield server.url("postgres")
    server.stop()


@contextmanager
def fresh_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """A database of its own for as long as the block lasts; a copy of `template`."""
    name = f"userops_test_{uuid.uuid4().hex[:10]}"
    # Large templates are copied as files: through the log, as small ones are, it would be some times slower.
    with psycopg.connect(server_url, autocommit=True) as admin:
        size = admin.execute("select pg_database_size(%s)", [template]).fetchone()[0]
        strategy = "file_copy" if size > 100 << 20 else "wal_log"
        admin.execute(f'create database "{name}" template "{template}" strategy {strategy}')
        if template != "template1":
            # A copy has no rights on the database itself.
            admin.execute(f'revoke create on database "{name}" from public')
            admin.execute(f'grant create on database "{name}" to transformer')
    url = with_database(server_url, name)
    assert name_of(url) == name
    yield url
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture(scope="session")
def migrated(server_url: str) -> Iterator[str]:
    """The name of a database with the schema of the warehouse, to copy: quicker than every revision again."""
    with fresh_database(server_url) as url:
        # Roles belong to the server, which others may be testing on: one at a time makes them.
        with psycopg.connect(server_url) as admin:
            admin.execute("select pg_advisory_xact_lock(hashtext('userops tests'))")
            migrate(url)
        yield name_of(url)


@pytest.fixture(scope="module")
def warehouse_url(server_url: str, migrated: str) -> Iterator[str]:
    """A fresh database with the schema of the warehouse, for the module."""
    with fresh_database(server_url, migrated) as url:
        yield url


@pytest.fixture(scope="module")
def loader_connection(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """The loader's connection that the tests of a module about source profiles share."""
    from platform_place import loading

    with loading(warehouse_url) as connection:
        yield connection


@pytest.fixture
def shop(loader_connection: psycopg.Connection, warehouse_url: str, tmp_path: Path) -> "Place":
    """A landing place that a source profile reads, over an empty warehouse."""
    from platform_place import emptied

    return emptied(loader_connection, warehouse_url, tmp_path)
