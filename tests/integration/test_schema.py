"""The schema of the warehouse: applied once, by one caller, without a lock where there is nothing to do."""

import threading

import psycopg
import pytest

from conftest import fresh_database
from userops.errors import UseropsError
from userops.publish import privileges
from userops.warehouse.connection import connect
from userops.warehouse.schema import MIGRATIONS, current_revision, migrate

TABLES = (
    "select schemaname || '.' || tablename from pg_tables"
    " where schemaname not in ('pg_catalog', 'information_schema') order by 1"
)


@pytest.fixture
def empty_url(server_url):
    with fresh_database(server_url) as url:
        yield url


def test_concurrent_callers_wait_for_one_another(empty_url):
    errors = []

    def call():
        try:
            migrate(empty_url)
        except Exception as error:  # noqa: BLE001 - a thread's error must reach the test
            errors.append(error)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert errors == []
    newest = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))[-1]
    with connect(empty_url) as connection:
        assert current_revision(connection) == newest
        assert connection.execute("select count(*) from meta.writer").fetchone() == (1,)
        assert connection.execute("select count(*) from meta.pointer").fetchone() == (1,)
        assert [result.observed for result in privileges.check(connection)] == ["as expected"]


def test_an_up_to_date_database_takes_no_lock(empty_url):
    migrate(empty_url)
    patience = f"{empty_url}{'&' if '?' in empty_url else '?'}options=-c%20lock_timeout%3D500"
    with connect(empty_url, "bi_reader") as reader, psycopg.connect(empty_url) as load:
        reader.execute("select * from marts.quality_results")
        load.execute("lock table meta.load_files in row exclusive mode")
        migrate(patience)


def test_downgrade_and_upgrade_again_give_the_same_tables(empty_url):
    from alembic import command
    from alembic.config import Config

    from userops.warehouse.schema import open_engine

    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        before = connection.execute(TABLES).fetchall()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with open_engine(empty_url).begin() as opened:
        config.attributes["connection"] = opened
        command.downgrade(config, "base")
    with psycopg.connect(empty_url) as connection:
        assert connection.execute(TABLES).fetchall() == [("meta.alembic_version",)]
    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        assert connection.execute(TABLES).fetchall() == before


def test_a_database_of_a_newer_version_is_refused(empty_url):
    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        connection.execute("update meta.alembic_version set version_num = '9999'")
    with pytest.raises(UseropsError, match="newer version of userops"):
        migrate(empty_url)
