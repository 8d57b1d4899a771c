"""Publication: all or nothing for readers, rollback, one writer, least privilege."""

import threading
import uuid
from datetime import timedelta

import psycopg
import pytest

from userops.errors import Superseded, UseropsError
from userops.ingest.tables import ensure_raw_tables
from userops.publish import privileges, publication, slots
from userops.publish.publication import Column, Mart
from userops.warehouse import lease
from userops.warehouse.connection import connect
from userops.warehouse.schema import migrate

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


def test_an_overtaken_run_writes_nothing(warehouse_url):
    before = publish_one(warehouse_url, 200)
    build(warehouse_url, 201)
    run_id, token = begin(warehouse_url)
    later_run, _ = begin(warehouse_url)
    with connect(warehouse_url, "publisher") as connection, pytest.raises(Superseded):
        publication.publish(connection, MARTS, run_id, DAY, token)
    with connect(warehouse_url, "publisher") as connection:
        assert connection.execute("select version from meta.pointer").fetchone()[0] == before
        lease.end(connection, later_run, "failed")


def test_a_live_writer_is_not_overtaken(warehouse_url):
    run_id, token = begin(warehouse_url)
    lease.keep_alive(warehouse_url, token)
    with connect(warehouse_url, "publisher") as connection:
        assert connection.execute("show idle_in_transaction_session_timeout").fetchone() == ("15min",)
        with pytest.raises(Superseded, match="is writing"):
            lease.acquire(connection, "other", DAY)
        connection.rollback()
        lease.release()
        lease.end(connection, run_id, "failed")


def test_a_writer_whose_statement_takes_longer_than_the_limit_is_not_overtaken(warehouse_url, monkeypatch):
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


SPANS = [
    Mart(
        "spans", ("user_id", "valid_from"),
        (Column("user_id", "text"), Column("valid_from", "date"), Column("valid_to", "date", is_open=True)),
        "One row per span.", changed_by="int_touched_users",
    )
]


def publish_spans(url, day, rows, touched):
    """One build that says whom it touched (None: everything was built anew), and its publication."""
    with connect(url, "transformer") as connection:
        connection.execute("drop table if exists build.spans")
        connection.execute("create table build.spans (user_id text, valid_from date, valid_to date)")
        with connection.cursor() as cursor:
            cursor.executemany("insert into build.spans values (%s, %s, %s)", rows)
        build_id = connection.execute(
            "insert into meta.builds (business_date, whole) values (%s, %s) returning build_id", [day, touched is None]
        ).fetchone()[0]
        for user in touched or []:
            connection.execute("insert into build.touched_log values (%s, %s)", [build_id, user])
    run_id, token = begin(url)
    with connect(url, "publisher") as connection:
        publication.publish(connection, SPANS, run_id, day, token)
        lease.end(connection, run_id, "published")
    with connect(url, "bi_reader") as connection:
        return connection.execute(
            "select user_id, valid_from::text, valid_to::text from marts.spans order by 1, 2"
        ).fetchall()


def test_only_touched_users_are_compared_and_open_dates_follow_the_version(warehouse_url):
    """Four nights over three slots: each slot catches up with every build since it was filled."""
    days = ["2024-02-01", "2024-02-02", "2024-02-03", "2024-02-04"]
    state = [("a", days[0], days[0]), ("b", days[0], days[0])]
    assert publish_spans(warehouse_url, days[0], state, None) == state
    for number, user in ((1, "a"), (2, "b"), (3, "a")):
        closed = [
            (u, since, (days[number - 1] if u == user else days[number]) if until == days[number - 1] else until)
            for u, since, until in state
        ]
        state = sorted([*closed, (user, days[number], days[number])])
        assert publish_spans(warehouse_url, days[number], state, [user]) == state
    with connect(warehouse_url) as admin:
        # A row that no build made shows that untouched users are not looked at.
        for slot in publication.SLOTS:
            admin.execute(f"insert into slot_{slot}.spans values ('nobody', '2024-01-01', '2024-01-01')")
    state = [(u, f, "2024-02-05" if t == days[3] else t) for u, f, t in state]
    left = publish_spans(warehouse_url, "2024-02-05", state, ["a"])
    assert left == [*state, ("nobody", "2024-01-01", "2024-01-01")]
    # Whatever a slot holds, a whole build puts it right.
    assert publish_spans(warehouse_url, "2024-02-05", state, None) == state


def test_a_right_too_many_or_too_few_is_found(warehouse_url):
    with connect(warehouse_url, "loader") as connection:
        ensure_raw_tables(connection)
    publish_one(warehouse_url, 1)
    with connect(warehouse_url) as admin:
        assert [r.observed for r in privileges.check(admin) if not r.passed] == []
        admin.execute("grant select on raw.contacts to transformer")
        admin.execute("revoke select on marts.left_mart from bi_reader")
        tables, columns = privileges.check(admin)
        assert "transformer may SELECT raw.contacts" in tables.observed
        assert "bi_reader may not SELECT marts.left_mart" in tables.observed
        assert "transformer may read raw.contacts." in columns.observed
        admin.rollback()
    with connect(warehouse_url, "publisher") as connection:
        assert all(r.passed for r in privileges.check(connection))


def test_what_dbt_made_before_goes_over_to_the_transformer(warehouse_url):
    """It is made anew every night in that role, which may replace only what is its own."""
    with connect(warehouse_url) as admin:
        admin.execute("create function build.earlier() returns int language sql as 'select 1'")
        admin.execute("comment on schema meta is 'the stamp of an earlier version'")
    migrate(warehouse_url)
    with connect(warehouse_url, "transformer") as connection:
        connection.execute("create or replace function build.earlier() returns int language sql as 'select 2'")


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
        assert reader.execute("select * from marts.shaped").fetchall() == [(1, 1)], "an superseded run changed nothing"
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


def test_a_begin_waits_for_no_reader(warehouse_url):
    with connect(warehouse_url, "bi_reader") as reader:
        reader.execute("select * from marts.quality_results")
        with psycopg.connect(warehouse_url) as load:
            load.execute("lock table meta.load_files in row exclusive mode")
            migrate(f"{warehouse_url}{'&' if '?' in warehouse_url else '?'}options=-c%20lock_timeout%3D500")
