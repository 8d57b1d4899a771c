"""What readers feel of publications: `python benchmarks/readers.py [--publishes 500] [--rows 20000]`.

Three readers (ad hoc, prepared, REPEATABLE READ), 20 reads a second together, join three marts: first alone, then while
versions are published one on the other and a BI query runs from the first publication to the last, and while readers
are put back and forth between two versions. Every read must give all rows of one version. Prints errors, empty and
mixed reads, and how long reads, publications and flips took.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
import uuid
from datetime import date
from pathlib import Path
from statistics import median

import psycopg

from userops.publish import publication
from userops.publish.publication import Column, Mart
from userops.warehouse import lease
from userops.warehouse.connection import connect
from userops.warehouse.embedded import EmbeddedServer
from userops.warehouse.schema import migrate

NAMES = ("customers", "cohorts", "channels")
COLUMNS = (Column("user_id", "int", "key"), Column("amount", "int", "figure"), Column("version", "int", "of row 0"))
MARTS = [Mart(name, ("user_id",), COLUMNS, "One row per user.") for name in NAMES]
DAY = "2025-01-01"
KINDS = ("ad hoc", "prepared", "repeatable read")
FLIPS, FLIP_BOUND = 200, 50  # how many by themselves; milliseconds
PAUSE = len(KINDS) / 20  # 20 reads a second together
# Row 0 of each mart holds the version, and a hundredth of the others change with it.
ROWS = """
    create table build.{name} as
    select i as user_id, case when i % 100 = {version} % 100 then {version} else 0 end as amount,
        case when i = 0 then {version} end as version
    from generate_series(0, {rows} - 1) as i
"""
READ = (
    "select count(*), min(a.version), min(b.version), min(c.version), sum(a.amount + b.amount + c.amount)"
    " from marts.customers a join marts.cohorts b using (user_id) join marts.channels c using (user_id)"
)
SLOW = "select count(*), max(version) from (select version, pg_sleep(%s) from marts.customers limit 1000) as slow"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--publishes", type=int, default=500)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--alone", type=int, default=30, help="seconds of reading before the first publication")
    parser.add_argument("--query-minutes", type=float, default=0, help="how long the BI query takes at least")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="userops-readers-") as home:
        server = EmbeddedServer(Path(home))
        server.start()
        try:
            measure(server.ensure_database("userops"), given)
        finally:
            server.stop()


def measure(url: str, given: argparse.Namespace) -> None:
    migrate(url)
    publish_one(url, 1, given.rows)
    alone = read_beside(url, given.rows, lambda: time.sleep(given.alone))
    took: list[float] = []
    flips: list[float] = []

    def work() -> None:
        began = time.monotonic()
        for version in range(2, given.publishes + 2):
            took.append(publish_one(url, version, given.rows))
        flips.extend(flip(url, given.publishes))
        time.sleep(max(0, given.query_minutes * 60 - (time.monotonic() - began)))

    length = max(given.query_minutes * 60, given.publishes * 0.2)
    context = multiprocessing.get_context("spawn")
    query = context.Process(target=bi_query, args=(url, length, given.rows))
    query.start()
    beside = read_beside(url, given.rows, work)
    query.join()
    print(f"{date.today()}, {os.cpu_count()} cores, {given.publishes} publications of three marts with"
          f" {given.rows:,} rows, a BI query of {length / 60:.1f} minutes beside them: it"
          f" {'broke' if query.exitcode else 'ended well'}.\n")
    print("| reader | reads | errors | empty | mixed | p99 alone, ms | p99 beside, ms | added | slowest, ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    for kind in KINDS:
        (_, before), (notes, times) = alone[kind], beside[kind]
        added = p99(times) - p99(before)
        print(f"| {kind} | {len(times)} | {notes['errors']} | {notes['empty']} | {notes['mixed']} | {p99(before):.0f}"
              f" | {p99(times):.0f} | {added:.0f}{' OVER' if added > 50 else ''} | {max(times) * 1000:.0f} |")
    print(f"\nA publication took {median(took) * 1000:.0f} ms in the middle, {max(took) * 1000:.0f} at most.")
    slowest = max(flips) * 1000
    print(f"{FLIPS} flips by themselves (rollbacks, and forth again): {median(flips) * 1000:.1f} ms in the middle,"
          f" {slowest:.1f} at most, bound {FLIP_BOUND}{' OVER' if slowest > FLIP_BOUND else ''}.")


def publish_one(url: str, version: int, rows: int) -> float:
    """Build and publish a version; seconds that the publication took."""
    with connect(url, "transformer") as connection:
        for name in NAMES:
            connection.execute(f"drop table if exists build.{name}")
            connection.execute(ROWS.format(name=name, version=version, rows=rows))
    run_id = uuid.uuid4().hex
    with connect(url, "publisher") as connection:
        token = lease.acquire(connection, run_id, DAY)
        connection.commit()
        began = time.perf_counter()
        publication.publish(connection, MARTS, run_id, DAY, token)
        took = time.perf_counter() - began
        lease.end(connection, run_id, "published")
    return took


def flip(url: str, version: int) -> list[float]:
    """Put readers on `version` and on the one after it in turns; seconds each took, its commit included."""
    took = []
    with connect(url, "publisher") as connection:
        for turn in range(FLIPS):
            began = time.perf_counter()
            publication.rollback(connection, version + turn % 2)
            took.append(time.perf_counter() - began)
    return took


def read_beside(url: str, rows: int, work) -> dict[str, tuple[dict[str, int], list[float]]]:
    """Read in processes of their own while `work` runs; what each kind of reader found, and its times in seconds."""
    context = multiprocessing.get_context("spawn")
    stop, found, ready = context.Event(), context.Queue(), context.Barrier(len(KINDS) + 1)
    readers = [context.Process(target=read, args=(url, kind, rows, stop, found, ready)) for kind in KINDS]
    for reader in readers:
        reader.start()
    ready.wait()
    try:
        work()
    finally:
        stop.set()
    results = dict(found.get() for _ in readers)
    for reader in readers:
        reader.join()
    return results


def read(url: str, kind: str, rows: int, stop, found, ready) -> None:
    notes, times = {"errors": 0, "empty": 0, "mixed": 0}, []
    with connect(url, "bi_reader", autocommit=True) as connection:
        ready.wait()
        while not stop.wait(PAUSE):
            began = time.perf_counter()
            try:
                count, *versions, _ = one_read(connection, kind)
            except psycopg.Error:
                notes["errors"] += 1
                continue
            times.append(time.perf_counter() - began)
            notes["empty"] += count == 0
            notes["mixed"] += count not in (0, rows) or len(set(versions)) != 1
    found.put((kind, (notes, times)))


def one_read(connection: psycopg.Connection, kind: str) -> tuple:
    if kind != "repeatable read":
        return connection.execute(READ, prepare=kind == "prepared").fetchone()
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        before = connection.execute("select min(version) from marts.channels").fetchone()[0]
        row = connection.execute(READ).fetchone()
        return (row[0], before, *row[1:])


def bi_query(url: str, seconds: float, rows: int) -> None:
    """One long query inside one transaction that must see one version from its first statement to its last."""
    with connect(url, "bi_reader") as connection:
        connection.execute("set transaction isolation level repeatable read")
        before = connection.execute(READ).fetchone()
        assert connection.execute(SLOW, [seconds / min(1000, rows)]).fetchone()[0] == min(1000, rows)
        assert connection.execute(READ).fetchone() == before


def p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)] * 1000


if __name__ == "__main__":
    main()
