"""Deliver a simulated business, or run the steps of one date without Airflow; prints one line of JSON at the end.

    python benchmarks/steps.py deliver PLACE USERS DAYS
    python benchmarks/steps.py run DATE

A process of its own for each, so that memory is that of one run. It works in this checkout and in d1d9123's, whose
steps have other names: `baseline.py` runs both. The environment (`USEROPS_*`) says where.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import history
import psycopg

NIGHTS = 2
DELIVERED: list[float] = []
Steps = list[tuple[str, Callable[[], object]]]


def main() -> None:
    """Do what the arguments say."""
    if sys.argv[1] == "deliver":
        place, users, days = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        dates = history.deliver(place, users, days, NIGHTS, history.PACE)
        print(json.dumps({"dates": [day.isoformat() for day in dates]}))
        return
    day = date.fromisoformat(sys.argv[2])
    is_here = has("userops.run")
    begun, steps, url = plan_here(day) if is_here else plan_at_d1d9123(day)
    timings = "marts.step_timings" if is_here else "marts.night_profile"
    seconds = {}
    for name, step in steps:
        began = time.perf_counter()
        step()
        seconds[name] = seconds.get(name, 0) + time.perf_counter() - began
    with psycopg.connect(url) as connection:
        models = connection.execute(
            f"select part, seconds::float from {timings} where run_id = %s and step = 'model'"
            " and part = any(%s) order by seconds desc limit 10",
            [begun["run_id"], model_names()],
        ).fetchall()
    told = {"run": begun, "seconds": seconds, "models": models, "delivery": sum(DELIVERED)}
    if is_here:
        told["gate"] = gate(begun, url)
    print(json.dumps(told))


def model_names() -> list[str]:
    """The models of this checkout, without tests."""
    return [path.stem for path in (Path(os.environ["USEROPS_PROJECT"]) / "dbt_project" / "models").rglob("*.sql")]


def gate(begun: dict, url: str) -> list[float]:
    """Seconds of the checkpoint of marts, and of one statement that reads every mart it may read."""
    from userops.gate import runner
    from userops.settings import Settings

    began = time.perf_counter()
    runner.run_checkpoint(Settings.load(), url, "marts", begun)
    judged = time.perf_counter() - began
    with psycopg.connect(url) as connection:
        tables = [row[0] for row in connection.execute(
            "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
            " where schemaname in ('build', 'quality')"
        )]  # fmt: skip
        # A hash of each row, so that its columns are read.
        parts = " union all ".join(f"select sum(hashtext(t::text)::bigint) as n from {table} as t" for table in tables)
        began = time.perf_counter()
        connection.execute(f"select sum(n) from ({parts}) as all_tables")
        return [judged, time.perf_counter() - began]


def time_delivery(engine: type) -> None:
    """Keep the seconds of each delivery that an engine makes."""
    deliver = engine.deliver

    def timed(self: object, relations: Iterable[str]) -> None:
        began = time.perf_counter()
        deliver(self, relations)
        DELIVERED.append(time.perf_counter() - began)

    engine.deliver = timed


def has(module: str) -> bool:
    """Whether this checkout has it."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return False
    return True


def plan_here(day: date) -> tuple[dict, Steps, str]:
    """The steps of a run after `begin`."""
    from userops import run
    from userops.engines.duckdb import DuckdbEngine
    from userops.settings import Settings
    from userops.warehouse.location import warehouse_url

    settings = Settings.load()
    time_delivery(DuckdbEngine)
    begun = run.begin(settings, day)
    exports = [export for names in begun["work"].values() for export in names]
    steps: Steps = [("ingest", lambda export=export: run.ingest(settings, begun, export)) for export in exports]
    steps += [
        (name, lambda name=name: getattr(run, name)(settings, begun))
        for name in run.STEPS
        if name not in ("begin", "ingest", "serve")
    ]
    return begun, steps, warehouse_url(settings)


def plan_at_d1d9123(day: date) -> tuple[dict, Steps, str]:
    """The steps of a night; `build` holds all of prepare to build_scored."""
    night = importlib.import_module("userops.night")
    settings = importlib.import_module("userops.settings").Settings.load()
    url = importlib.import_module("userops.warehouse.place").warehouse_url(settings)
    begun = night.begin(day.isoformat())
    exports = [export for names in begun["delivered"].values() for export in names]
    steps: Steps = [("ingest", lambda export=export: night.load(begun, export)) for export in exports]
    steps += [
        (name, lambda name=name: getattr(night, name)(begun))
        for name in ("check_raw", "build", "check_marts", "publish_marts")
    ]
    return begun, steps, url


if __name__ == "__main__":
    main()
