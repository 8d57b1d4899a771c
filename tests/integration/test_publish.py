"""Publication: all or nothing for readers, rollback, one writer, least privilege."""

import threading
import uuid
from datetime import date, timedelta

import psycopg
import pytest

from userops.errors import Superseded, UseropsError
from userops.publish import privileges, publication, slots
from userops.publish.marts import Column, Mart
from userops.warehouse import lease
from userops.warehouse.connection import connect

COLUMNS = (Column("id", "int", "key"), Column("version", "int"))
MARTS = [
    Mart("left_mart", ("id",), COLUMNS, "One row per id."),
    Mart("right_mart", ("id",), COLUMNS, "One row per id."),
]
DAY = "2024-01-01"


def begin(url):
    run_id = uuid.uuid4().hex
    with connect(url, "publisher") as connection:
        return run_id, lease.acquire(connection, run_id, DAY)


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
        published = publication.publish(connection, MARTS, run_id, DAY, token)
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
        assert publication.rollback(connection, None)[0] == older
        assert connection.execute("select distinct version from marts.left_mart").fetchall() == [(100,)]
        assert publication.rollback(connection, newer)[0] == newer
        assert connection.execute("select distinct version from marts.left_mart").fetchall() == [(101,)]
        with pytest.raises(UseropsError, match="not kept"):
            publication.rollback(connection, 1)


def test_an_superseded_run_writes_nothing(warehouse_url):
    before = publish_one(warehouse_url, 200)
    build(warehouse_url, 201)
    run_id, token = begin(warehouse_url)
    later_run, _ = begin(warehouse_url)
    with connect(warehouse_url, "publisher") as connection, pytest.raises(Superseded):
        publication.publish(connection, MARTS, run_id, DAY, token)
    with connect(warehouse_url, "publisher") as connection:
        assert connection.execute("select version from meta.pointer").fetchone()[0] == before
        lease.end(connection, later_run, "failed")


def test_a_live_writer_is_not_superseded(warehouse_url):
    run_id, token = begin(warehouse_url)
    lease.keep_alive(warehouse_url, token)
    with connect(warehouse_url, "publisher") as connection:
        assert connection.execute("show idle_in_transaction_session_timeout").fetchone() == ("15min",)
        with pytest.raises(Superseded, match="is writing"):
            lease.acquire(connection, "other", DAY)
        connection.rollback()
        lease.release()
        lease.end(connection, run_id, "failed")


def test_a_writer_whose_statement_takes_longer_than_the_limit_is_not_superseded(warehouse_url, monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT_LIMIT", timedelta(seconds=1))
    monkeypatch.setattr(lease, "BEAT", timedelta(seconds=0.1))
    run_id, token = begin(warehouse_url)
    lease.keep_alive(warehouse_url, token)
    with connect(warehouse_url, "publisher") as connection:
        connection.execute("select pg_sleep(2)")
        connection.commit()
        with pytest.raises(Superseded, match="is writing"):
            lease.acquire(connection, "other", DAY)
        connection.rollback()
        lease.release()
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


def test_a_right_too_many_or_too_few_is_found(warehouse_url):
    publish_one(warehouse_url, 1)
    with connect(warehouse_url, "loader") as connection:
        connection.execute("create table raw.contacts (contact_id text, phone_hash text)")
    with connect(warehouse_url) as admin:
        assert [r.observed for r in privileges.check(admin)] == ["as expected"]
        admin.execute("grant select on vault.identifiers to transformer")
        admin.execute("grant usage on schema vault to transformer")
        admin.execute("revoke select on marts.left_mart from bi_reader")
        (found,) = privileges.check(admin)
        assert found.observed == (
            "2 differ: transformer may SELECT vault.identifiers; bi_reader may not SELECT marts.left_mart"
        )
        assert (found.severity, found.passed) == ("warning", False)
        admin.rollback()
    with connect(warehouse_url, "publisher") as connection:
        assert [r.passed for r in privileges.check(connection)] == [True]


def test_vault_and_quarantine_are_the_loaders_alone(warehouse_url):
    for role in ("transformer", "publisher", "bi_reader"):
        for table in ("vault.identifiers", "vault.keys", "quarantine.rows"):
            with connect(warehouse_url, role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select * from {table}")


def shaped(version, colour):
    columns = (*COLUMNS, Column("colour", "text")) if colour else COLUMNS
    return Mart("shaped", ("id",), columns, f"One row per id, as of {version}.")


def publish_shaped(url, version, colour=False, token=None):
    with connect(url, "transformer") as connection:
        connection.execute("drop table if exists build.shaped")
        more = ", 'red' as colour" if colour else ""
        connection.execute(f"create table build.shaped as select 1 as id, {version} as version{more}")
    run_id, taken = begin(url)
    try:
        with connect(url, "publisher") as connection:
            return publication.publish(connection, [shaped(version, colour)], run_id, DAY, token or taken)
    finally:
        with connect(url, "publisher") as connection:
            lease.end(connection, run_id, "published")


def test_a_mart_of_another_shape_is_never_empty_and_can_be_rolled_back(warehouse_url, monkeypatch):
    older = publish_shaped(warehouse_url, 1)
    with pytest.raises(Superseded):
        publish_shaped(warehouse_url, 2, colour=True, token=1)
    with connect(warehouse_url, "bi_reader") as reader:
        assert reader.execute("select * from marts.shaped").fetchall() == [(1, 1)], "a superseded run changed nothing"
        # This reader's transaction is open: the publication waits for it, and gives up without moving anything.
        monkeypatch.setattr(slots, "TRIES", 2)
        with pytest.raises(UseropsError, match="Readers hold shaped"):
            publish_shaped(warehouse_url, 2, colour=True)
        assert reader.execute("select * from marts.shaped").fetchall() == [(1, 1)]
    publish_shaped(warehouse_url, 2, colour=True)
    with connect(warehouse_url) as admin:
        assert admin.execute("select * from marts.shaped").fetchall() == [(1, 2, "red")]
        assert admin.execute("select obj_description('marts.shaped'::regclass)").fetchone()[0].endswith("2.")
    with connect(warehouse_url, "publisher") as connection:
        publication.rollback(connection, older)
        assert connection.execute("select * from marts.shaped").fetchall() == [(1, 1, None)]


def test_other_words_change_no_table(warehouse_url):
    publish_shaped(warehouse_url, 3, colour=True)
    with connect(warehouse_url, "bi_reader") as reader:
        reader.execute("select * from marts.shaped")
        publish_shaped(warehouse_url, 4, colour=True)
    with connect(warehouse_url) as admin:
        assert admin.execute("select obj_description('marts.shaped'::regclass)").fetchone()[0].endswith("4.")


NULLABLE = [Mart("moves", ("day", "from_stage"), (
    Column("day", "date"), Column("from_stage", "text"), Column("users", "int")), nullable_key=("from_stage",))]


def publish_moves(url, rows):
    with connect(url, "transformer") as connection:
        connection.execute("drop table if exists build.moves")
        connection.execute("create table build.moves (day date, from_stage text, users int)")
        connection.cursor().executemany("insert into build.moves values (%s, %s, %s)", rows)
    run_id, token = begin(url)
    with connect(url, "publisher") as connection:
        version = publication.publish(connection, NULLABLE, run_id, DAY, token)
        lease.end(connection, run_id, "published")
        slot = connection.execute("select slot from meta.publications where version = %s", [version]).fetchone()[0]
        return connection.execute(f"select day::text, from_stage, users, xmin from slot_{slot}.moves order by 1, 2, 3")


def test_a_slot_is_filled_with_the_rows_that_differ_alone(warehouse_url):
    """Four versions over three slots: the fourth is filled where the first was."""
    first = [("2024-01-01", None, 1), ("2024-01-01", "new", 2), ("2024-01-02", "new", 3)]
    written = {row[:3]: row[3] for row in publish_moves(warehouse_url, first)}
    assert sorted(written, key=str) == sorted(first, key=str)
    publish_moves(warehouse_url, first[:1])
    publish_moves(warehouse_url, [])
    last = [first[0], ("2024-01-01", "new", 9), ("2024-01-03", None, 4)]
    again = {row[:3]: row[3] for row in publish_moves(warehouse_url, last)}
    assert sorted(again, key=str) == sorted(last, key=str)
    assert again[first[0]] == written[first[0]], "the row that is the same was not written again"


def test_a_run_of_an_older_date_is_refused(warehouse_url):
    publish_one(warehouse_url, 1)
    with connect(warehouse_url, "publisher") as connection:
        assert publication.published(connection)[1] == date(2024, 1, 1)
        publication.refuse_older(connection, date(2024, 1, 1))
        publication.refuse_older(connection, date(2023, 12, 31), allow_older=True)
        with pytest.raises(UseropsError, match="run the published date: it loads late files by itself") as refused:
            publication.refuse_older(connection, date(2023, 12, 31))
        assert refused.value.exit_code == 2
        assert refused.value.what == "Readers see 2024-01-01, and a run of 2023-12-31 would put them back."
