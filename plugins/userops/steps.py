"""What the steps of a run have in common: the writer's lease, their seconds, and work that was lost with a machine.

An engine builds in a place of its own: a file of one worker, say. Each step that builds there leaves a mark in it. A
step that does not find the mark of the step before it (the worker was replaced, the file deleted) runs that one again,
which looks for its own in turn: so a run whose working file is lost starts again from `prepare`, inside the task that
noticed.
"""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import pyarrow as pa

from userops.engines import NoRelation, open_engine
from userops.errors import Blocked
from userops.settings import Settings
from userops.warehouse import lease, step_timings
from userops.warehouse.location import warehouse_url

Run = dict[str, Any]
# One row, where the engine builds: the run, and how many of its building steps are done.
MARK = "build.run_progress"
log = logging.getLogger(__name__)


def step(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a step `(settings, run, *part)` of a function that also takes the warehouse's URL.

    The step keeps the writer's lease alive, and records its seconds when it passed or blocked.
    """

    @wraps(function)
    def run_step(settings: Settings, run: Run, *part: str) -> Any:
        began, url = time.perf_counter(), warehouse_url(settings)
        lease.keep_alive(url, run["token"])
        try:
            result = function(settings, url, run, *part)
        except Blocked:
            step_timings.note(url, run, function.__name__, "".join(part), time.perf_counter() - began)
            raise
        step_timings.note(url, run, function.__name__, "".join(part), time.perf_counter() - began)
        return result

    return run_step


def builds(after: Callable[..., Any] | None) -> Callable[..., Any]:
    """Make a step that builds where the engine does; `after` is the building step before it, None for the first."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        number = after.number + 1 if after else 1

        @wraps(function)
        def build(settings: Settings, url: str, run: Run) -> None:
            if after and done(settings, url, run) < number - 1:
                log.warning("%s: what %s built is not here; it runs again.", run["run_id"], after.__name__)
                after(settings, run)
            function(settings, url, run)
            _mark(settings, url, run, number)

        made = step(build)
        made.number = number
        return made

    return decorate


def done(settings: Settings, url: str, run: Run) -> int:
    """How many building steps of the run are done in the engine's place; 0 if it holds nothing of the run."""
    engine = open_engine(settings, url, run["token"])
    try:
        rows = engine.read(MARK).read_all().to_pylist()
    except NoRelation:
        return 0
    finally:
        engine.close()
    return rows[0]["steps"] if rows[0]["run_id"] == run["run_id"] else 0


def _mark(settings: Settings, url: str, run: Run, number: int) -> None:
    engine = open_engine(settings, url, run["token"])
    try:
        engine.write(MARK, pa.table({"run_id": [run["run_id"]], "steps": pa.array([number], pa.int32())}))
    finally:
        engine.close()
