"""How long nights take as the business grows: `python benchmarks/warehouse.py [--scale 0.02]`.

Simulates a business and a tenth of it, loads their history as one delivery, builds it, and runs nights on it; prints a
table of ratios, each of two things timed one after the other on this machine. `OVER` marks a ratio out of its bound.
Scale 1 is a million users with ten orders each; the bounds are meant for that size.
"""

import argparse
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
import ratios
from history import deliver, keep
from ratios import Business

from userops import run
from userops.errors import Blocked
from userops.settings import Settings
from userops.transform import dbt
from userops.warehouse import step_timings
from userops.warehouse.embedded import EmbeddedServer
from userops.warehouse.schema import migrate

DAYS, NIGHTS, ORDERS_A_USER = 500, 5, 10
# Orders a simulated user places in DAYS at pace 1, about.
USUAL_ORDERS = 1.4
LOADED = ("orders", "order_lines", "events")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.02)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="userops-bench-") as folder:
        users = round(1_000_000 * given.scale)
        with running(Path(folder) / "large", users, tenth=False) as large:
            rows = [ratios.load(large, export) for export in LOADED]
            rows.append(("a night's build against a whole build", large.night("build") / large.whole, 0.06, "at most"))
            rows += [*ratios.peers(large), ratios.touched_users(large), ratios.gate(large), ratios.orchestration(large)]
            rows += [ratios.memory(large), ratios.dbt_alone(large)]
            # Shown at once: what follows takes as long again, and small businesses may have no night of a tenth.
            show(rows, large, on_disk(large.url), users)
        shutil.rmtree(large.place / "landing")
        with running(Path(folder) / "young", users, tenth=False, days=DAYS // 10) as young:
            what, *touched = ratios.touched_users(young)
        print_row(f"{what}, of a tenth of the history", *touched)
        print_row("the same night over ten times the history", whole(large) / whole(young), 1.2, "at most")
        with running(Path(folder) / "small", users // 10, tenth=False) as small:
            touched = ratios.touched_users(small)
        with running(Path(folder) / "grown", users, tenth=True) as grown:
            pass
        print_row(f"{touched[0]}, of a tenth of the users", *touched[1:])
        print_row("the same night over ten times the users", whole(grown) / whole(small), 1.2, "at most")


@contextmanager
def running(place: Path, users: int, tenth: bool, days: int = DAYS) -> Iterator[Business]:
    """Load and build a business, then its nights; with `tenth`, nights of a tenth of its users. The server ends too."""
    say(f"{users:,} users, {days} days{', a tenth of each night' if tenth else ''}: simulating")
    dates = deliver(place, users, days, NIGHTS, ORDERS_A_USER / USUAL_ORDERS)
    if tenth:
        for day in dates[1:]:
            keep(place / "landing" / day.isoformat(), lambda key: zlib.crc32(key.encode()) % 10 == 0)
    os.environ.update(USEROPS_HOME=str(place), USEROPS_LANDING=str(place / "landing"), USEROPS_HASH_KEY="k" * 32)
    server = EmbeddedServer(place)
    server.start()
    try:
        yield measured(place, server.ensure_database("userops"), dates, tenth)
    finally:
        server.stop()


def measured(place: Path, url: str, dates: list[date], tenth: bool) -> Business:
    migrate(url)
    say(f"history: {one_night(url, dates[0])}")
    nights = []
    # The last night is left for the command, as a user runs it.
    for day in dates[1:-1]:
        nights.append(one_night(url, day, is_partial=tenth))
        say(f"{day}: {nights[-1]}")
    if tenth:
        return Business(place, url, dates, nights)
    command = ratios.night_by_command(url, dates[-1])
    say(f"{dates[-1]}: {command.seconds:.1f} s by `userops night`, {command.in_steps:.1f} of them in its steps")
    say(touched(url))
    with psycopg.connect(url) as connection:
        connection.execute("delete from meta.build_state")
    began = time.perf_counter()
    dbt.build(Settings.load(), url, dates[-1])
    return Business(place, url, dates, nights, command, time.perf_counter() - began)


def one_night(url: str, day: date, is_partial: bool = False) -> dict[str, float]:
    """The steps of a night in this process, without Airflow; seconds a step.

    A blocked night ends the benchmark, but for a partial one: the gate rightly misses nine tenths of its rows.
    """
    begun = run.begin(day.isoformat())
    for exports in begun["delivered"].values():
        for export in exports:
            run.load(begun, export)
    for step in (run.check_raw, run.build, run.check_marts, run.publish_marts):
        try:
            step(begun)
        except Blocked as blocked:
            if not is_partial:
                sys.exit(f"{day}: {blocked}")
    steps: dict[str, float] = defaultdict(float)
    with psycopg.connect(url) as connection:
        for step, _, seconds, _ in step_timings.of_run(connection, begun["run_id"]):
            if step != "model":  # a part of the build's seconds
                steps[step] += float(seconds)
    return dict(steps)


def touched(url: str) -> str:
    """How much of the business the last night touched: what no night can leave alone."""
    with psycopg.connect(url) as connection:
        users, rows = connection.execute(
            "select avg((touched.user_id is not null)::int), sum(activities) filter (where touched.user_id is not null)"
            " / sum(activities) from (select user_id, count(*) as activities from build.int_user_activities group by 1)"
            " as active left join build.int_touched_users as touched using (user_id)"
        ).fetchone()
    return f"that night touched {users:.1%} of the users who ever did anything; they hold {rows:.1%} of the activities"


def whole(business: Business) -> float:
    return sum(business.night(step) for step in business.nights[0])


def on_disk(url: str) -> tuple[int, int]:
    """Bytes of the warehouse and orders in it."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select pg_database_size(current_database()), (select count(*) from staging.base_orders)"
        ).fetchone()


def show(rows: list[tuple[str, float, float, str]], large: Business, size: tuple[int, int], users: int) -> None:
    print(f"\n{users:,} users, {size[1]:,} orders, {DAYS} days of history and {NIGHTS} nights; {date.today()},"
          f" {os.cpu_count()} cores, {platform.python_version()}\n")
    print("| what | ratio | bound | |\n|---|---|---|---|")
    for row in rows:
        print_row(*row)
    print(f"\nWhole build {large.whole:.1f} s. A night's steps, median seconds: "
          + ", ".join(f"{step} {large.night(step):.1f}" for step in large.nights[0]))
    print(f"On disk {size[0] / size[1] * 1e6 / 2**30:.1f} GiB a million orders, three published versions included.")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"Peak memory of this process, which simulates, loads, builds and holds DuckDB: {peak / 2**20:.2f} GiB")


def print_row(what: str, ratio: float, bound: float, way: str) -> None:
    is_over = ratio > bound if way == "at most" else ratio < bound
    print(f"| {what} | {ratio:.3f} | {way} {bound:g} | {'OVER' if is_over else ''} |", flush=True)


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
