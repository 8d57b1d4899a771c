"""Faults 9–11: scheduler, API server and Airflow's database killed in the middle of a night that the scheduler runs.

Airflow runs as docker-compose.yml has it: each component a process that is started again when it has ended, on a
database server of its own. The night is the one that is due by the schedule; nobody does anything about it, and nobody
is told: its own retries bring it to the marts of the undisturbed run.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from airflow_components import Airflow
from deployment import due_date
from faults import checks
from faults.business import Business, Case
from faults.proxy import INSIDE_COPY, Boundary, Link
from userops.warehouse.embedded import EmbeddedServer

PLACES = {
    "a load": lambda boundary, reached: boundary.text == INSIDE_COPY and reached.count(INSIDE_COPY) > 3,
    "a model": lambda boundary, reached: "int_orders_priced" in boundary.text and "create" in boundary.text,
    "a slot": lambda boundary, reached: boundary.text.startswith("insert into") and "slot_" in boundary.text,
}


@pytest.fixture(scope="module")
def due(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """A business whose second night is the one that the schedule (03:00, for the day before) has reached."""
    night = due_date("Asia/Shanghai")
    folder = tmp_path_factory.mktemp("due")
    made = Business(server.url("postgres"), folder, first=night - timedelta(days=1))
    made.prepare()
    yield made
    made.drop()


@contextmanager
def scheduled(case: Case, folder: Path) -> Iterator[Airflow]:
    metadata = EmbeddedServer(folder / "metadata")
    metadata.start()
    airflow = Airflow(case.environment(), metadata, case.home / "components.log")
    try:
        yield airflow
    finally:
        airflow.stop()
        metadata.stop()


FAULTS = {
    "9 the scheduler alone": ("a model", lambda airflow: airflow.kill("scheduler", with_children=False)),
    "9 the scheduler and its tasks": ("a load", lambda airflow: airflow.kill("scheduler", with_children=True)),
    "10 the API server": ("a model", lambda airflow: airflow.kill("api-server", with_children=True)),
    "11 the database": ("a model", lambda airflow: airflow.kill_database()),
    "11 the database, at the publication": ("a slot", lambda airflow: airflow.kill_database()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_scheduled_night_converges(due: Business, tmp_path: Path, fault: str) -> None:
    place, strike = FAULTS[fault]
    struck = threading.Event()
    with due.case("published") as case, scheduled(case, tmp_path) as airflow:
        def before(boundary: Boundary, link: Link) -> None:
            if not struck.is_set() and PLACES[place](boundary, case.proxy.reached):
                struck.set()
                strike(airflow)

        case.proxy.reset(before)
        with case.reading({due.before, due.after}):
            ended = airflow.wait(struck)
        assert struck.is_set(), "the night never came to that place"
        said = (case.home / "components.log").read_text()[-3000:]
        assert ended == "success", f"{ended}: {said}"
        checks.converges(due, case)
