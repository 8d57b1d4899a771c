"""Airflow as docker-compose.yml has it: each component a process that is started again when it has ended."""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from unittest import mock

import psutil
import psycopg

from deployment import PROGRAMS, clean_environment, free_port
from userops import airflow_runtime
from userops.settings import Settings
from userops.warehouse.embedded import EmbeddedServer

AWAY_SECONDS = 20
# A task whose process died is noticed after seconds instead of minutes.
IMPATIENT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
}


class Airflow:
    """The components of a deployment with the settings of `environment`, and the server that holds their metadata."""

    components: dict[str, list[str]] = {name: [name] for name in ("api-server", "scheduler", "dag-processor")}

    def __init__(self, environment: dict[str, str], metadata: EmbeddedServer, log: Path) -> None:
        self.metadata = metadata
        self.environment = self._environment(environment)
        self.running: dict[str, subprocess.Popen] = {}
        # Of whatever was started: a scheduler killed alone leaves its workers behind.
        self.groups: list[int] = []
        self.logs = log.open("ab")

    def _environment(self, given: dict[str, str]) -> dict[str, str]:
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
        environment = clean_environment(**(place | IMPATIENT | given))
        with mock.patch.dict(os.environ, environment, clear=True):
            settings = Settings.load()
            airflow_runtime.configure(settings)
            airflow_runtime.migrate(settings)
            return dict(os.environ)

    def environment_of(self, name: str) -> dict[str, str]:
        """The environment of a component."""
        return self.environment

    def keep_up(self) -> None:
        """Start what does not run, as compose does."""
        for name, arguments in self.components.items():
            if name not in self.running or self.running[name].poll() is not None:
                self.running[name] = subprocess.Popen(
                    [PROGRAMS / "airflow", *arguments], env=self.environment_of(name), stdout=self.logs,
                    stderr=self.logs, start_new_session=True,
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
