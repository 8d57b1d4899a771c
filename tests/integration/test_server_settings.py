"""What doctor says of a server's settings, and how long what it says is advice."""

from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from userops.warehouse.connection import connect
from userops.warehouse.server_settings import WANTED, advice, base_of


def told(url):
    """Advice to a new session: settings of a database hold for those alone."""
    with psycopg.connect(url) as connection:
        return advice(connection)


def carry_out(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def of_the_database(url, name, value):
    database = conninfo_to_dict(url)["dbname"]
    carry_out(url, f"alter database \"{database}\" set {name} = '{value}'")
    yield
    carry_out(url, f'alter database "{database}" reset {name}')


def test_the_embedded_server_has_all_that_nights_want(warehouse_url):
    assert told(warehouse_url) == []


@pytest.mark.parametrize(("name", "worse"), [("work_mem", "4MB"), ("work_mem", "65535kB"), ("random_page_cost", "4")])
def test_a_setting_that_holds_nights_back_is_told_with_the_statement_that_mends_it(warehouse_url, name, worse):
    with of_the_database(warehouse_url, name, worse):
        ((what, fix),) = told(warehouse_url)
        assert what.startswith(f"{name} is {worse}: ")
        carry_out(warehouse_url, fix)
        assert told(warehouse_url) == []


def test_more_memory_than_wanted_and_less_cost_are_no_news():
    enough = {"work_mem": 1024**3, "random_page_cost": 1.0, "checkpoint_timeout": 3600}
    assert all(wanted.holds(enough[wanted.name]) for wanted in WANTED if wanted.name in enough)
    assert (base_of("64MB"), base_of("15min"), base_of("1.1")) == (64 * 1024**2, 900, 1.1)


@pytest.mark.parametrize("role", ["loader", "transformer", "publisher"])
def test_our_sessions_compile_no_statements(warehouse_url, role):
    with of_the_database(warehouse_url, "jit", "on"), connect(warehouse_url, role) as connection:
        assert connection.execute("show jit").fetchone() == ("off",)
