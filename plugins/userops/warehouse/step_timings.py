"""How long the steps of a run and its models took: kept in `meta.step_timings`, read by `marts.step_timings`."""

import psycopg

from userops.warehouse.connection import connect


def note(url: str, run: dict, step: str, part: str, seconds: float) -> None:
    """Record how long one step of a run took. No fencing: it happened, and no mart depends on it."""
    with connect(url, "publisher") as connection:
        connection.execute(
            "insert into meta.step_timings (run_id, business_date, step, part, seconds) values (%s, %s, %s, %s, %s)",
            [run["run_id"], run["business_date"], step, part, round(seconds, 3)],
        )


def of_run(connection: psycopg.Connection, run_id: str) -> list[tuple[str, str, float, int | None]]:
    """Return (step, part, seconds, rows) of a run in the order in which they ended; models are parts of a build."""
    return connection.execute(
        "select step, part, seconds, rows from marts.step_timings where run_id = %s order by ended_at", [run_id]
    ).fetchall()
