"""100 kills on the duckdb engine: in loads, in the delivery of marts, in erasures and in rotations of the hash key.

Half of them fall at a statement, half at a moment, so that they also hit what happens between two statements: a file of
the lake is written there. Whatever was killed is done again. Then everything is as if nothing had happened, no file is
read that no load refers to, and those that are left are swept when they are a day old, and not before.
`FAULTS_DUCKDB` sets another number, `FAULTS_SEED` repeats a draw.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
import pytest

from faults import checks
from faults.business import Business, Case, hashes, raw_hashes
from userops.lake import Lake
from userops.lake.sweep import sweep
from userops.warehouse.connection import connect
from userops.warehouse.embedded import EmbeddedServer

KILLS = int(os.environ.get("FAULTS_DUCKDB") or 100)
INGEST, DELIVERY = ("begin", "ingests"), ("build_scored", "publish")
NEW_KEY = "n" * 64
A_DAY_AND_MORE = 90_000
# What a request by hand leaves in the books is another row each time.
REQUESTS = "erasure_requests"


@dataclass(frozen=True)
class Part:
    """What is killed: steps from a state, what must be the same after they were done again, and their share."""

    template: str
    names: tuple[str, ...]
    outcome: Callable[[Case], dict[str, str]]
    share: float
    options: dict[str, str]


@dataclass(frozen=True)
class Undisturbed:
    """The same without a kill."""

    outcome: dict[str, str]
    statements: int
    seconds: float


@pytest.fixture(scope="module")
def business(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    made = Business(server.url("postgres"), Path(tmp_path_factory.mktemp("business")), engine="duckdb")
    made.prepare()
    with made.case("loaded") as case:
        case.run(("resolve_identity", "build", "score"))
        made.keep(case, "scored")
    yield made
    made.drop()


@pytest.fixture(scope="module")
def parts(business: Business) -> dict[str, Part]:
    return {
        "ingest": Part("published", INGEST, raw_hashes, 0.4, {}),
        "delivery": Part("scored", DELIVERY, lambda case: hashes(case.url), 0.2, {}),
        "erasure": Part("published", ("erase",), without_requests, 0.2, {"contact": somebody(business)}),
        "rotation": Part("published", ("rotate",), raw_hashes, 0.2, {"key": NEW_KEY}),
    }


@pytest.mark.parametrize("name", ["ingest", "delivery", "erasure", "rotation"])
def test_killed_anywhere_it_converges(business: Business, parts: dict[str, Part], name: str) -> None:
    part = parts[name]
    known = undisturbed(business, part)
    draw = random.Random(f"{checks.SEED} {name}")
    points = [
        draw.randint(1, known.statements) if number % 2 else draw.uniform(0, known.seconds)
        for number in range(round(KILLS * part.share))
    ]
    left: list[int] = []

    def one(business: Business, point: float) -> str:
        with business.case(part.template) as case:
            kill = case.killed_at if isinstance(point, int) else case.killed_after
            where = kill(point, part.names, **part.options)
            again(case, part)
            assert part.outcome(case) == known.outcome
            left.append(swept(case))
            assert part.outcome(case) == known.outcome
            if part.template == "published" and "contact" in part.options:
                assert named(case, part.options["contact"]) == []
            return f"{where}; {left[-1]} files of no load"

    checks.sweep(name, one, business, points)
    print(f"{name}: {len(points)} kills left {sum(left)} files of no load (seed {checks.SEED})")


def undisturbed(business: Business, part: Part) -> Undisturbed:
    with business.case(part.template) as case:
        case.proxy.reset()
        began = time.monotonic()
        case.run(part.names, **part.options)
        seconds, statements = time.monotonic() - began, len(case.proxy.reached)
        return Undisturbed(part.outcome(case), statements, seconds)


def again(case: Case, part: Part) -> None:
    """Do it again; a person who is erased already is known no more, and a run deletes what is left of them."""
    child = case.start(part.names, **part.options)
    code = child.wait()
    if "contact" in part.options:
        assert code == 0 or "is known" in child.error, child.error
        case.run(("begin",))
    else:
        assert code == 0, child.error


def swept(case: Case) -> int:
    """Sweep the lake now, and as if two days had passed; returns how many files no load refers to."""
    lake = Lake(case.settings().lake)
    sweep_once(case, lake)
    orphans = files(lake) - referred(case)
    for path in files(lake):
        place = Path(lake.url(path))
        os.utime(place, (time.time() - A_DAY_AND_MORE,) * 2)
    assert sweep_once(case, lake) == len(orphans)
    assert files(lake) == referred(case)
    return len(orphans)


def sweep_once(case: Case, lake: Lake) -> int:
    with connect(case.url, "loader") as connection:
        return sweep(connection, lake, None)


def files(lake: Lake) -> set[str]:
    return {path for path, _ in lake.listing()}


def referred(case: Case) -> set[str]:
    """The files that loads refer to, and those that are kept for a while after they were replaced."""
    with psycopg.connect(case.url) as connection:
        return {path for (path,) in connection.execute(
            "select lake_path from meta.load_files where state in ('loaded', 'waived') and lake_path is not null"
            " union select path from meta.lake_deletions"
        )}


def without_requests(case: Case) -> dict[str, str]:
    found = raw_hashes(case, without=REQUESTS)
    return {name: value for name, value in found.items() if name != REQUESTS}


def somebody(business: Business) -> str:
    """A contact whom several exports name."""
    with business.case("published") as case, psycopg.connect(case.url) as connection:
        return connection.execute(
            "select contact_id from build.map_contact_user inner join marts.users using (user_id)"
            " order by orders desc, contact_id limit 1"
        ).fetchone()[0]


def named(case: Case, contact: str) -> list[str]:
    """The files of the lake, referred to or not, in which a contact is named; requests say who asked."""
    lake, found = Lake(case.settings().lake), []
    with duckdb.connect() as database:
        for path in sorted(files(lake)):
            rows = f"read_parquet('{lake.url(path)}')"
            columns = [name for name, *_ in database.execute(f"describe select * from {rows}").fetchall()]
            theirs = [name for name in columns if name.endswith("contact_id")]
            for name in theirs if f"/{REQUESTS}/" not in path else []:
                if database.execute(f'select count(*) from {rows} where "{name}" = $1', [contact]).fetchone()[0]:
                    found.append(path)
    return found
