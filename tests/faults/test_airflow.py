"""Faults 9–11: scheduler, API server and Airflow's database killed in the middle of a night that the scheduler runs.

Airflow runs as docker-compose.yml has it: each component a process that is started again when it has ended, on a
database server of its own. The night is the one that is due by the schedule; nobody does anything about it, and nobody
is told: its own retries bring it to the marts of the undisturbed run.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from unittest import mock

import psutil
import psycopg
import pytest

from deployment import PROGRAMS, clean_environment, due_date, free_port
from faults import checks
from faults.business import Business, Case
from faults.proxy import INSIDE_COPY, Boundary, Link
from userops import airflow_runtime
from userops.settings import Settings
from userops.warehouse.embedded import EmbeddedServer

COMPONENTS = ("api-server", "scheduler", "dag-processor")
AWAY_SECONDS = 20
# A task whose process died is noticed after seconds instead of minutes.
IMPATIENT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
}
PLACES = {
    "a load": lambda boundary, reached: boundary.text == INSIDE_COPY and reached.count(INSIDE_COPY) > 3,
    "a model": lambda boundary, reached: "int_orders_priced" in boundary.text and "create" in boundary.text,
    "a slot": lambda boundary, reached: boundary.text.startswith("insert into") and "slot_" in boundary.text,
}


class Airflow:
    """The components of a deployment over one case, and the server that holds their metadata."""

    def __init__(self, case: Case, metadata: EmbeddedServer) -> None:
        self.case, self.metadata = case, metadata
        self.environment = self._environment()
        self.running: dict[str, subprocess.Popen] = {}
        # Of whatever was started: a scheduler killed alone leaves its workers behind.
        self.groups: list[int] = []
        self.logs = (case.home / "components.log").open("ab")

    def _environment(self) -> dict[str, str]:
        port = free_port()
        place = {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.metadata.ensure_database("airflow").replace(
                "postgresql://", "postgresql+psycopg2://", 1
            ),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__HOST": "127.0.0.1",
        }
        environment = clean_environment(**self.case.environment(), **place, **IMPATIENT)
        with mock.patch.dict(os.environ, environment, clear=True):
            settings = Settings.load()
            airflow_runtime.configure(settings)
            airflow_runtime.migrate(settings)
            return dict(os.environ)

    def keep_up(self) -> None:
        """Start what does not run, as compose does."""
        for name in COMPONENTS:
            if name not in self.running or self.running[name].poll() is not None:
                self.running[name] = subprocess.Popen(
                    [PROGRAMS / "airflow", name], env=self.environment, stdout=self.logs, stderr=self.logs,
                    start_new_session=True,
                )
                self.groups.append(self.running[name].pid)

    def kill(self, name: str, with_children: bool) -> None:
        """SIGKILL: to the one process, or to all that it started, as when its container ends."""
        process = psutil.Process(self.running[name].pid)
        family = [*process.children(recursive=True), process] if with_children else [process]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()

    def kill_database(self) -> None:
        """SIGKILL to the postmaster of the metadata's server, and its sessions with it."""
        os.kill(int((self.metadata.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def outcome(self) -> str | None:
        """How the night's DAG run ended; None while it runs or nobody can say."""
        with suppress(psycopg.Error), psycopg.connect(self.metadata.url("airflow")) as connection:
            row = connection.execute(
                "select state from dag_run where dag_id = 'nightly' and state in ('success', 'failed')"
            ).fetchone()
            return row and row[0]
        return None

    def wait(self, struck: threading.Event, seconds: float = 900) -> str | None:
        """Keep everything up until the night has ended."""
        until = time.monotonic() + seconds
        away_until = None
        while time.monotonic() < until:
            if struck.is_set() and not self.metadata.running():
                away_until = away_until or time.monotonic() + AWAY_SECONDS
                if time.monotonic() > away_until:
                    self.metadata.start()
            self.keep_up()
            if found := self.outcome():
                return found
            time.sleep(1)
        return None

    def stop(self) -> None:
        """End all of it."""
        for name in self.running:
            with suppress(psutil.NoSuchProcess):
                self.kill(name, with_children=True)
            self.running[name].wait(30)
        for group in self.groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.logs.close()


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
    airflow = Airflow(case, metadata)
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
