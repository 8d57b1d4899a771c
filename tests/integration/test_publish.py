"""Publication: all or nothing for readers, rollback, one writer, least privilege."""

import threading
import uuid

import psycopg
import pytest

from userops.errors import Overtaken, UseropsError
from userops.warehouse import lease, publish
from userops.warehouse.pg import connect
from userops.warehouse.publish import Mart

MARTS = [
    Mart("left_mart", ("id",), (("id", "int", "key"), ("version", "int", "")), "One row per id."),
    Mart("right_mart", ("id",), (("id", "int", "key"), ("version", "int", "")), "One row per id."),
]
DAY = "2024-01-01"


def begin(url):
    run_id = uuid.uuid4().hex
    with connect(url, "publisher") as connection:
        return run_id, lease.take(connection, run_id, DAY)


def build(url, version, rows=50):
    with connect(url, "transformer") as connection:
        for mart in MARTS:
            connection.execute(f"drop table if exists build.{mart.name}")
            connection.execute(
                f"create table build.{mart.name} as select i as id, %s::int as version from generate_series(1, %s) i",
                [version, rows],
            )


def publish_one(url, version):
    build(url, version)
    run_id, token = begin(url)
    with connect(url, "publisher") as connection:
        published = publish.publish(connection, MARTS, run_id, DAY, token)
        lease.end(connection, run_id, "published")
    return published


READ = (
    "select count(*), min(l.version), max(l.version), min(r.version), max(r.version)"
    " from marts.left_mart l join marts.right_mart r using (id)"
)


def poll(url, stop, found):
    """Read ad hoc and in REPEATABLE READ until told to stop; note whatever is not one whole version."""
    with connect(url, "bi_reader", autocommit=True) as connection:
        while not stop.is_set():
            try:
                one = connection.execute(READ).fetchone()
                with connection.transaction():
                    connection.execute("set transaction isolation level repeatable read")
                    first = connection.execute("select max(version) from marts.left_mart").fetchone()[0]
                    second = connection.execute("select min(version) from marts.right_mart").fetchone()[0]
            except psycopg.Error as error:
                found.append(f"error {error}")
                return
            if one[0] != 50 or len(set(one[1:])) != 1 or first != second:
                found.append(f"mixed {one} {first} {second}")
            found.append("")


def test_readers_see_one_whole_version_through_fifty_publishes(warehouse_url):
    publish_one(warehouse_url, 0)
    stop, found = threading.Event(), []
    readers = [threading.Thread(target=poll, args=(warehouse_url, stop, found)) for _ in range(3)]
    for reader in readers:
        reader.start()
    for version in range(1, 51):
        publish_one(warehouse_url, version)
    stop.set()
    for reader in readers:
        reader.join()
    assert [note for note in found if note] == []
    assert len(found) > 50


def test_rollback_and_forward_again(warehouse_url):
    older, newer = publish_one(warehouse_url, 100), publish_one(warehouse_url, 101)
    with connect(warehouse_url, "publisher") as connection:
        assert publish.rollback(connection, None)[0] == older
        assert connection.execute("select distinct version from marts.left_mart").fetchall() == [(100,)]
        assert publish.rollback(connection, newer)[0] == newer
        assert connection.execute("select distinct version from marts.left_mart").fetchall() == [(101,)]
        with pytest.raises(UseropsError, match="not kept"):
            publish.rollback(connection, 1)


def test_an_overtaken_run_writes_nothing(warehouse_url):
    before = publish_one(warehouse_url, 200)
    build(warehouse_url, 201)
    run_id, token = begin(warehouse_url)
    later_run, _ = begin(warehouse_url)
    with connect(warehouse_url, "publisher") as connection, pytest.raises(Overtaken):
        publish.publish(connection, MARTS, run_id, DAY, token)
    with connect(warehouse_url, "publisher") as connection:
        assert connection.execute("select version from meta.pointer").fetchone()[0] == before
        lease.end(connection, later_run, "failed")


def test_a_live_writer_is_not_overtaken(warehouse_url):
    run_id, _ = begin(warehouse_url)
    lease.show_life(warehouse_url)
    with connect(warehouse_url, "publisher") as connection:
        with pytest.raises(Overtaken, match="is writing"):
            lease.take(connection, "other", DAY)
        connection.rollback()
        lease.let_go()
        lease.end(connection, run_id, "failed")


def test_bi_reader_reads_marts_and_nothing_else(warehouse_url):
    publish_one(warehouse_url, 300)
    with psycopg.connect(warehouse_url) as connection:
        readable = connection.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname not in"
            " ('pg_catalog', 'information_schema') and has_schema_privilege('bi_reader', schemaname, 'usage')"
            " and has_table_privilege('bi_reader', schemaname || '.' || tablename, 'select')"
        ).fetchall()
        writable = connection.execute(
            "select schemaname || '.' || viewname from pg_views where schemaname = 'marts' and"
            " has_table_privilege('bi_reader', schemaname || '.' || viewname, 'insert, update, delete')"
        ).fetchall()
    assert readable == []
    assert writable == []
    with connect(warehouse_url, "bi_reader") as connection:
        assert connection.execute("select count(*) from marts.left_mart").fetchone() == (50,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from meta.runs")
