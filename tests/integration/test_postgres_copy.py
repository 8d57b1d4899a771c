"""Relations between Postgres and Arrow: every type there and back, and what ends a copy early."""

import threading
import time
from asyncio import CancelledError
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import asyncpg
import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from userops.engines import postgres_copy
from userops.engines.postgres_copy import read_arrow, write_arrow
from userops.errors import UseropsError
from userops.warehouse.connection import connect

ROLE = "transformer"
TABLE = sql.Identifier("build", "there")
# What a text may do to CSV.
TEXTS = [
    "",
    None,
    "plain",
    "a,b",
    'say "yes"',
    "two\nlines",
    "\r\n",
    "\\.",
    "NULL",
    "\\N",
    "nan",
    "t",
    " x ",
    "微信",
    '"',
]
NUMBERS = pa.schema([pa.field("n", pa.int32())])


def every_type() -> pa.Table:
    rows = len(TEXTS)

    def cycle(*values):
        return [values[i % len(values)] for i in range(rows)]

    instant = datetime(2024, 3, 10, 2, 30, 0, 4500, tzinfo=UTC)
    columns = {
        "small": pa.array(cycle(-1, None, 32767), pa.int16()),
        "whole": pa.array(cycle(-(2**31), None, 2**31 - 1), pa.int32()),
        "large": pa.array(cycle(-(2**63), None, 2**63 - 1), pa.int64()),
        "real": pa.array(cycle(0.1, None, float("inf")), pa.float32()),
        "double": pa.array(cycle(1 / 3, None, 1e-300, -0.0, float("-inf"), 1e22), pa.float64()),
        "money": pa.array(cycle(Decimal("-12.50"), None, Decimal("9999999999999999.99")), pa.decimal128(18, 2)),
        "flag": pa.array(cycle(True, False, None), pa.bool_()),
        "text": pa.array(TEXTS, pa.string()),
        "day": pa.array(cycle(date(1969, 12, 31), None, date(9999, 12, 31)), pa.date32()),
        "instant": pa.array(cycle(instant, None, instant.replace(microsecond=0)), pa.timestamp("us", "UTC")),
    }
    return pa.table(columns)


@pytest.fixture
def connection(warehouse_url):
    with connect(warehouse_url, ROLE) as connection:
        connection.execute(
            "create table build.there (small smallint, whole integer, large bigint, real real, double float8,"
            " money numeric(18, 2), flag boolean, text text, day date, instant timestamptz)"
        )
        connection.commit()
        yield connection
        connection.rollback()
        connection.execute("drop table build.there")


def test_every_type_there_and_back(connection, warehouse_url):
    there = every_type()
    assert write_arrow(connection, TABLE, there) == len(TEXTS)
    connection.commit()
    back = read_arrow(warehouse_url, ROLE, "select * from build.there", there.schema).read_all()
    assert back == there
    assert str(back["double"][3]) == "-0.0"


def test_postgres_sees_the_same_values(connection):
    write_arrow(connection, TABLE, every_type())
    rows = connection.execute("select text, whole, money, flag, day, instant at time zone 'UTC' from build.there")
    assert rows.fetchmany(3) == [
        ("", -(2**31), Decimal("-12.50"), True, date(1969, 12, 31), datetime(2024, 3, 10, 2, 30, 0, 4500)),
        (None, None, None, False, None, None),
        ("plain", 2**31 - 1, Decimal("9999999999999999.99"), None, date(9999, 12, 31), datetime(2024, 3, 10, 2, 30)),
    ]


@pytest.mark.parametrize("bytes_at_once", [1, 64])
def test_batches_lose_and_repeat_nothing(connection, warehouse_url, monkeypatch, bytes_at_once):
    """Blocks of a row or a few: texts with line breaks are never cut."""
    monkeypatch.setattr(postgres_copy, "BYTES_AT_ONCE", bytes_at_once)
    there = every_type()
    batches = pa.RecordBatchReader.from_batches(there.schema, there.to_batches(max_chunksize=2))
    assert write_arrow(connection, TABLE, batches) == len(TEXTS)
    connection.commit()
    assert read_arrow(warehouse_url, ROLE, "table build.there", there.schema).read_all() == there


def test_a_column_by_itself(connection, warehouse_url):
    """A row that is one null is an empty line."""
    for column in ("text", "whole", "flag"):
        connection.execute("truncate build.there")
        there = every_type().select([column])
        assert write_arrow(connection, TABLE, there) == len(TEXTS)
        connection.commit()
        query = f"select {column} from build.there"
        assert read_arrow(warehouse_url, ROLE, query, there.schema).read_all() == there


def test_nothing_there_and_back(connection, warehouse_url):
    empty = every_type().slice(0, 0)
    assert write_arrow(connection, TABLE, empty) == 0
    connection.commit()
    back = read_arrow(warehouse_url, ROLE, "table build.there", empty.schema).read_all()
    assert (back.num_rows, back.schema) == (0, empty.schema)


def test_times_do_not_depend_on_the_database_s_settings(connection, warehouse_url):
    connection.execute("insert into build.there (day, instant) values ('2024-12-31', '2024-12-31 23:30:00+00')")
    connection.commit()
    schema = pa.schema([("day", pa.date32()), ("instant", pa.timestamp("us", "UTC"))])
    name = sql.Identifier(connection.info.dbname)
    with psycopg.connect(warehouse_url, autocommit=True) as admin:
        admin.execute(sql.SQL("alter database {} set datestyle = 'German'").format(name))
        admin.execute(sql.SQL("alter database {} set timezone = 'Asia/Kathmandu'").format(name))
    try:
        back = read_arrow(warehouse_url, ROLE, "select day, instant from build.there", schema).read_all()
    finally:
        with psycopg.connect(warehouse_url, autocommit=True) as admin:
            admin.execute(sql.SQL("alter database {} reset all").format(name))
    assert back.to_pylist() == [{"day": date(2024, 12, 31), "instant": datetime(2024, 12, 31, 23, 30, tzinfo=UTC)}]


def test_a_value_that_its_type_cannot_hold_is_an_error(warehouse_url):
    with pytest.raises(pa.ArrowInvalid, match="CSV column #0: .* to int32"):
        read_arrow(warehouse_url, ROLE, "select 3000000000 as n", NUMBERS).read_all()


def test_what_the_server_refuses_is_its_error(warehouse_url):
    with pytest.raises(asyncpg.UndefinedTableError, match="nowhere"):
        read_arrow(warehouse_url, ROLE, "select 1 from build.nowhere", NUMBERS).read_all()
    with pytest.raises(asyncpg.DivisionByZeroError):
        read_arrow(warehouse_url, ROLE, "select 1 / (n - 99999) from generate_series(1, 99999) n", NUMBERS).read_all()


def test_the_role_s_rights_hold(warehouse_url):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        read_arrow(warehouse_url, "bi_reader", "select 1 from vault.phones", NUMBERS).read_all()
    with pytest.raises(ValueError, match="role 'postgres' is none of"):
        read_arrow(warehouse_url, "postgres", "select 1", NUMBERS)


def test_a_server_that_is_not_there_is_told_in_a_line():
    with pytest.raises(UseropsError, match="The warehouse does not answer: .* Fix: start it") as raised:
        read_arrow("postgresql://nobody@127.0.0.1:1/nothing", ROLE, "select 1", NUMBERS).read_all()
    assert raised.value.exit_code == 3


def test_a_server_that_goes_away_is_told_in_a_line(warehouse_url):
    query = "select n from generate_series(1, 10000000) n"
    reader = read_arrow(warehouse_url, ROLE, query, NUMBERS)
    reader.read_next_batch()
    end = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'COPY%generate_series(1, 10000000)%'"
    with psycopg.connect(warehouse_url, autocommit=True) as admin:
        assert admin.execute(end).fetchall() == [(True,)]
    with pytest.raises(UseropsError, match="The warehouse does not answer"):
        reader.read_all()


def running(connection: psycopg.Connection, query: str) -> bool:
    found = connection.execute(
        "select 1 from pg_stat_activity where state = 'active' and query ilike %s and pid <> pg_backend_pid()",
        [f"copy ({query})%"],
    )
    return found.fetchone() is not None


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited 20 seconds in vain"
        time.sleep(0.05)


def test_a_reader_out_of_scope_ends_its_query(warehouse_url):
    query = "select n from generate_series(1, 20000000) n"
    reader = read_arrow(warehouse_url, ROLE, query, NUMBERS)
    assert reader.read_next_batch()["n"][0].as_py() == 1
    with psycopg.connect(warehouse_url, autocommit=True) as admin:
        assert running(admin, query)
        del reader
        wait_until(lambda: not running(admin, query))


def test_a_query_that_has_sent_nothing_is_ended_too(warehouse_url):
    """As where Ctrl-C comes while the reader waits for the first row."""
    query = "select 1 from pg_sleep(60)"
    receiver = postgres_copy._Receiver()
    receiving = threading.Thread(target=lambda: pytest.raises(CancelledError, receiver.run, warehouse_url, ROLE, query))
    receiving.start()
    with psycopg.connect(warehouse_url, autocommit=True) as admin:
        wait_until(lambda: running(admin, query))
        receiver.abandoned.set()
        receiving.join(20)
        assert not receiving.is_alive()
        wait_until(lambda: not running(admin, query))


def test_what_the_table_refuses_is_psycopg_s_error(connection):
    with pytest.raises(psycopg.errors.UndefinedColumn, match="elsewhere"):
        write_arrow(connection, TABLE, pa.table({"elsewhere": [1]}))
