"""How long the steps of a night and its models took: kept in `meta.step_timings`, read by `marts.step_timings`."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import psycopg

from userops.errors import Blocked
from userops.settings import Settings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url


def timed(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step of the night, `step(night)` or `step(night, export)`, that notes its seconds when it passed or blocked."""

    @wraps(step)
    def run(night: dict, *part: str) -> Any:
        def note_it() -> None:
            note(warehouse_url(Settings.load()), night, step.__name__, "".join(part), time.perf_counter() - began)

        began = time.perf_counter()
        try:
            result = step(night, *part)
        except Blocked:
            note_it()
            raise
        note_it()
        return result

    return run


def note(url: str, night: dict, step: str, part: str, seconds: float) -> None:
    """Book one step of a run; no fencing: the row says what happened, and no mart hangs on it."""
    with connect(url, "publisher") as connection:
        connection.execute(
            "insert into meta.step_timings (run_id, business_date, step, part, seconds) values (%s, %s, %s, %s, %s)",
            [night["run_id"], night["business_date"], step, part, round(seconds, 3)],
        )


def of_run(connection: psycopg.Connection, run_id: str) -> list[tuple[str, str, float, int | None]]:
    """(step, part, seconds, rows) of a run in the order in which they ended; the models of a build are its parts."""
    return connection.execute(
        "select step, part, seconds, rows from marts.step_timings where run_id = %s order by ended_at", [run_id]
    ).fetchall()
