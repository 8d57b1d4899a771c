"""Faults 8, 20–22: a writer stopped and superseded, two runs at once, a backfill beside the night, long readers."""

import re
import signal
import time
from collections.abc import Callable

import psycopg
import pytest

from faults import checks, steps
from faults.business import FIRST, NIGHT, READ, Business, Case, hashes, raw_hashes
from faults.proxy import INSIDE_COPY, Boundary, Link
from faults.readers import one_mart, states
from faults.steps import Child


def stopped_at(case: Case, names: tuple[str, ...], where: Callable[[Boundary], bool]) -> Child:
    """Start the steps and stop the process (SIGSTOP) just before the first statement of that kind."""
    started: list[Child] = []
    stopped: list[str] = []

    def stop(boundary: Boundary, link: Link) -> None:
        if not stopped and where(boundary):
            while not started:
                time.sleep(0.001)
            stopped.append(boundary.text)
            started[0].signal(signal.SIGSTOP)

    case.proxy.reset(stop)
    started.append(case.start(names))
    until = time.time() + 300
    while not stopped and time.time() < until and started[0].process.is_alive():
        time.sleep(0.02)
    assert stopped, f"never came to that statement: {started[0].error}"
    return started[0]


def heartbeat_passed(case: Case) -> None:
    """As if 16 minutes had passed: what is stopped shows no life, and the server ends what idles in a transaction."""
    with psycopg.connect(case.url) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and state like 'idle in transaction%' and query !~ 'marts|bi_reader|isolation'"
        )
        admin.execute("update meta.writer set heartbeat_at = heartbeat_at - interval '16 minutes'")


def resumed(child: Child) -> str:
    """Let the stopped process go on to its end; it must have been refused."""
    child.signal(signal.SIGCONT)
    assert child.wait() == 1, "a run that was superseded went on"
    return child.error


@pytest.mark.parametrize(
    "where",
    [
        lambda b: b.number > 300 and b.text == INSIDE_COPY,
        lambda b: b.number > 300 and b.text.startswith('insert into "raw"'),
    ],
    ids=["inside COPY", "before the insert"],
)
def test_a_stopped_loader_is_overtaken_and_writes_nothing(business: Business, where) -> None:
    with business.case("published") as case, case.reading({business.before}):
        loader = stopped_at(case, steps.INGEST, where)
        other = case.home / "other"
        refused = steps.start(case.context, other, case.environment(), ("begin",), date=str(NIGHT))
        assert refused.wait() == 1 and "is writing" in refused.error
        heartbeat_passed(case)
        after = steps.start(case.context, other, case.environment(), steps.INGEST, date=str(NIGHT))
        assert after.wait() == 0, after.error
        books = "select load_id, state from meta.load_files order by 1"
        with psycopg.connect(case.url) as admin:
            before = admin.execute(books).fetchall()
            assert re.search("taken over|terminat|closed|lost", resumed(loader))
            assert admin.execute(books).fetchall() == before
        assert raw_hashes(case) == business.raw


def test_a_stopped_build_is_overtaken_and_writes_nothing(business: Business) -> None:
    """dbt is stopped in front of a model; the next run builds and publishes; dbt goes on, and its commit fails."""
    with business.case("loaded") as case, case.reading({business.before, business.after}):
        builder = stopped_at(case, ("build",), lambda b: "int_lifecycle" in b.text and "create" in b.text)
        heartbeat_passed(case)
        other = case.home / "other"
        environment = case.environment(USEROPS_HOME=str(other))
        after = steps.start(case.context, other, environment, steps.WHOLE, date=str(NIGHT))
        assert after.wait() == 0, after.error
        assert hashes(case.url) == business.marts
        with psycopg.connect(case.url) as admin:
            tables = "select relname, relfilenode from pg_class where relnamespace = 'build'::regnamespace order by 1"
            before = admin.execute(tables).fetchall()
            resumed(builder)
            admin.commit()
            assert admin.execute(tables).fetchall() == before


def test_a_stopped_publisher_is_overtaken_and_writes_nothing(business: Business) -> None:
    with business.case("built") as case, case.reading({business.before, business.after}):
        publisher = stopped_at(case, steps.PUBLISH, lambda b: b.text.startswith("select coalesce(slot, -1)"))
        heartbeat_passed(case)
        other = case.home / "other"
        after = steps.start(case.context, other, case.environment(), ("begin",), date=str(NIGHT))
        assert after.wait() == 0, after.error
        assert re.search("taken over|terminat|closed|lost", resumed(publisher))
        assert states(case.url, READ) == business.before
        rest = ("ingests", "prepare", "check_raw")
        after = steps.start(case.context, other, case.environment(), rest, date=str(NIGHT))
        assert after.wait() == 0, after.error


@pytest.mark.parametrize("beside", [NIGHT, FIRST], ids=["the same date", "a backfill"])
def test_of_two_runs_at_once_one_is_refused(business: Business, beside) -> None:
    with business.case("published") as case, case.reading({business.before}):
        first = stopped_at(case, steps.INGEST, lambda b: b.number == 400)
        second = steps.start(case.context, case.home / "second", case.environment(), steps.INGEST, date=str(beside))
        assert second.wait() == 1 and "is writing" in second.error
        first.signal(signal.SIGCONT)
        assert first.wait() == 0, first.error
        assert raw_hashes(case) == business.raw
        assert case.watched() == []


def test_long_readers_neither_wait_nor_are_disturbed(business: Business) -> None:
    """A long BI query, a REPEATABLE READ reader and one idle in its transaction, across a publication."""
    with business.case("built") as case, case.reading({business.before, business.after}):
        readers = [psycopg.connect(case.url) for _ in range(3)]
        for reader in readers:
            reader.execute("set role bi_reader")
        readers[1].commit()
        readers[1].execute("set transaction isolation level repeatable read")
        whole = f"select {', '.join(map(one_mart, READ))}"
        assert readers[0].execute(whole).fetchone() == readers[1].execute(whole).fetchone() == business.before
        cursor = readers[2].cursor(name="long")
        cursor.execute("select u.user_id from marts.users as u cross join marts.channel_daily order by 1")
        first = cursor.fetchmany(10)
        started = time.time()
        case.run(steps.PUBLISH)
        assert time.time() - started < 60
        assert readers[1].execute(whole).fetchone() == business.before, "REPEATABLE READ keeps its version"
        assert readers[0].execute(whole).fetchone() == business.after
        assert len(first) == 10 and len(cursor.fetchall()) > 10
        for reader in readers:
            reader.close()
        checks.converges(business, case)
