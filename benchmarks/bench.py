"""The ratios of speed and size, each measured side by side in one run: `python benchmarks/bench.py --scale 0.1`.

Scale 1 is a million users with ten orders each; the bounds are meant for 0.1. One embedded server serves all; every
engine's run has a database and a lake of its own. With `--baseline BASE` (see `baseline.py`) the older checkout's build
stands beside, as R; without it rows against R are left out. `OVER` marks a ratio out of its bound.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import baseline
import ingest
import psycopg
from processes import HERE, Finished, steps, watched

from userops.warehouse.embedded import EmbeddedServer

Row = tuple[str, float, float, str]
ENGINES = ("postgres", "duckdb")
TENTH, GROWTH_BOUND = 10, 9
GIB = 2**30
# Of a platform's file: two million at scale 0.1.
LINES_AT_ONE = 20_000_000
# In a process of its own: it fills the environment for one warehouse. A user's first run alone pays for it.
AIRFLOW = (
    "from userops import airflow_runtime as airflow; from userops.settings import Settings;"
    " airflow.configure(Settings.load()); airflow.migrate(Settings.load())"
)


class Bench:
    """A folder and a server, and what was measured in them."""

    def __init__(self, place: Path, server: EmbeddedServer, options: argparse.Namespace) -> None:
        self.place, self.server, self.options = place, server, options
        self.users = round(1_000_000 * options.scale)
        self.root = HERE.parent

    def deliver(self, name: str, users: int) -> list[str]:
        """Simulate a business; its business dates, of which the first holds the whole past."""
        base = self.options.baseline
        scope, python = self.scope(name, "duckdb", ""), sys.executable
        if base:
            scope, python = scope | self.of_baseline(base), self.python_of_baseline(base)
        arguments = ("deliver", str(self.place / name), str(users), str(self.options.days))
        return steps(*arguments, environment=scope, python=python).told["dates"]

    def scope(self, name: str, engine: str, url: str) -> dict[str, str]:
        """The environment of a run by an engine over the business `name`."""
        return baseline.environment(self.root, self.place / name, url) | {
            "USEROPS_HOME": str(self.place / f"{name}-{engine}"), "USEROPS_ENGINE": engine,
            "USEROPS_LAKE": str(self.place / f"{name}-{engine}" / "lake"),
        }  # fmt: skip

    def of_baseline(self, base: Path) -> dict[str, str]:
        """What differs in the environment of the older checkout."""
        return {"PYTHONPATH": str(base / "plugins"), "USEROPS_PROJECT": str(base)}

    def python_of_baseline(self, base: Path) -> str:
        """Its own Python if it has one."""
        own = base / ".venv/bin/python"
        return str(own) if own.exists() else sys.executable

    def database(self, name: str) -> str:
        """The URL of a database by this name, made if it is not there."""
        return self.server.ensure_database(f"bench_{name}".replace("-", "_"))

    def run(self, name: str, engine: str, day: str) -> Finished:
        """A run of `day` by an engine."""
        url = self.database(f"{name}_{engine}")
        say(f"{name}, {engine}, {day}")
        return steps("run", day, environment=self.scope(name, engine, url))

    def run_baseline(self, base: Path, day: str) -> float:
        """R: seconds of the older checkout's whole build."""
        scope = self.scope("large", "baseline", self.database("baseline")) | self.of_baseline(base)
        say("large, baseline")
        return baseline.whole(steps("run", day, environment=scope, python=self.python_of_baseline(base)))


def main() -> None:
    """Measure, printing a table as it comes; exits 1 if a ratio is out of its bound."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--scale", type=float, default=0.1)
    given.add_argument("--days", type=int, default=500)
    given.add_argument("--rounds", type=int, default=3, help="of ingest")
    given.add_argument("--least-rows", type=int, default=ingest.LEAST_ROWS, help="of a file whose ingest is measured")
    given.add_argument("--baseline", type=Path)
    options = given.parse_args()
    options.baseline = options.baseline and options.baseline.resolve()
    with tempfile.TemporaryDirectory(prefix="userops-bench-") as folder:
        server = EmbeddedServer(Path(folder) / "server")
        server.start()
        try:
            bench = Bench(Path(folder), server, options)
            print(f"{bench.users:,} users, {options.days} days; {date.today()}, {os.cpu_count()} cores,"
                  f" load {os.getloadavg()[1]:.1f}, Python {platform.python_version()}\n")
            print("| what | ratio | bound | |\n|---|---|---|---|")
            is_over = [show(*row) for row in measured(bench)]
        finally:
            server.stop()
    print()
    sys.stdout.flush()
    watched_to_screen("readers.py", "--publishes", "50", "--alone", "10")
    sys.exit(any(is_over))


def measured(bench: Bench) -> Iterator[Row]:
    """The rows of the table, in the order of *Speed and size*."""
    dates = bench.deliver("large", bench.users)
    yield from ingest_rows(bench, bench.place / "large" / "landing" / dates[0])
    results = {engine: bench.run("large", engine, dates[0]) for engine in ENGINES}
    whole = bench.run_baseline(bench.options.baseline, dates[0]) if bench.options.baseline else None
    yield from build_rows(results, whole)
    judged, aggregate = results["duckdb"].told["gate"]
    yield "gate: the suite of marts against one aggregate query over them", judged / aggregate, 1.5, "at most"
    small = bench.deliver("small", bench.users // TENTH)
    for engine in ENGINES:
        less = bench.run("small", engine, small[0])
        ratio = sum(results[engine].told["seconds"].values()) / sum(less.told["seconds"].values())
        yield f"{engine}: a run at ten times the users", ratio, GROWTH_BOUND, "at most"
    for engine in ENGINES:
        yield f"{engine}: peak memory of the Python side, GiB", results[engine].peak / GIB, 2, "at most"
    yield from orchestration_and_disk(bench, dates[1:])


def ingest_rows(bench: Bench, folder: Path) -> Iterator[Row]:
    """Loads against COPY, in a database of their own."""
    place = bench.place / "ingest"
    place.mkdir()
    url = bench.database("ingest")
    ingest.migrate(url)
    others = []
    for path in ingest.large_files(folder, bench.options.least_rows):
        export, _, copied, loaded, bound = ingest.measure(place, url, path, bench.options.rounds)
        others += [(copied, loaded)] if export != "contacts" else []
        yield f"ingest: {export} against COPY", copied / loaded, bound, "at least"
    if others:
        ratio = sum(copied for copied, _ in others) / sum(loaded for _, loaded in others)
        yield "ingest: all but contacts together against COPY", ratio, ingest.BOUND, "at least"
    lines = round(LINES_AT_ONE * bench.options.scale)
    name, _, canonical, mapped, bound = ingest.platform(place, url, folder / "orders.csv", bench.options.rounds, lines)
    yield f"ingest: {name} against the canonical file", canonical / mapped, bound, "at least"


def build_rows(results: dict[str, Finished], whole: float | None) -> Iterator[Row]:
    """Builds of both engines, against R if it was measured, and their slowest models."""
    postgres, fast = (results[engine] for engine in ENGINES)
    yield "duckdb: prepare to build_scored against the postgres engine's", fast.build / postgres.build, 0.42, "at most"
    hand_over = fast.told["delivery"] + fast.told["seconds"]["publish"]
    if whole:
        yield "postgres: prepare to build_scored against R", postgres.build / whole, 0.5, "at most"
        yield "duckdb: prepare to build_scored against R", fast.build / whole, 0.21, "at most"
        yield "duckdb: delivery and publication against R", hand_over / whole, 0.08, "at most"
    for engine, result in results.items():
        models = ", ".join(f"{model} {seconds:.1f}" for model, seconds in result.told["models"])
        by_step = ", ".join(f"{step} {seconds:.1f}" for step, seconds in result.told["seconds"].items())
        say(f"{engine}: build {result.build:.1f} s; delivery {result.told['delivery']:.1f} s\n  {by_step}\n  {models}")


def orchestration_and_disk(bench: Bench, days: list[str]) -> Iterator[Row]:
    """The next dates by `userops run`, as a user runs them; then what warehouse and lake hold after three versions."""
    for engine in ENGINES:
        url = bench.database(f"large_{engine}")
        scope = bench.scope("large", engine, url)
        watched([sys.executable, "-c", AIRFLOW], scope)
        userops = Path(sys.executable).parent / "userops"
        command = [watched([userops, "run", "--date", day], scope) for day in days][-1]
        with psycopg.connect(url) as connection:
            in_steps = connection.execute(
                "select sum(seconds)::float from meta.step_timings where run_id ="
                " (select run_id from meta.runs order by token desc limit 1)"
            ).fetchone()[0]
            size, orders = connection.execute(
                "select pg_database_size(current_database()), (select count(*) from build.map_order_user)"
            ).fetchone()
        lake = sum(path.stat().st_size for path in Path(scope["USEROPS_LAKE"]).rglob("*") if path.is_file())
        say(f"{engine}: `userops run` {command.seconds:.1f} s, {in_steps:.1f} s in steps, peak"
            f" {command.peak / GIB:.2f} GiB; warehouse {size / 2**20:,.0f} MiB, lake {lake / 2**20:,.0f} MiB,"
            f" {orders:,} orders")
        yield f"{engine}: start-up and orchestration of `userops run`", 1 - in_steps / command.seconds, 0.1, "at most"
        per_million = (size + lake) / GIB / orders * 1e6
        yield f"{engine}: disk a million orders, three versions, GiB", per_million, 4, "at most"


def show(what: str, ratio: float, bound: float, way: str) -> bool:
    """Print a row of the table; whether it is out of its bound."""
    is_over = ratio > bound if way == "at most" else ratio < bound
    print(f"| {what} | {ratio:.3f} | {way} {bound:g} | {'OVER' if is_over else ''} |", flush=True)
    return is_over


def watched_to_screen(script: str, *arguments: str) -> None:
    """Run another benchmark and let it print."""
    subprocess.run([sys.executable, HERE / script, *arguments], check=True)


def say(what: str) -> None:
    """Progress, beside the table."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
