"""A night on Celery's workers, each with folders of its own: they share warehouse, lake and landing place alone.

One is killed in the middle of the build, with all that it started. On the postgres engine the other goes on. On the
duckdb engine the killed one was the only one of the queue `build`, and its folders are lost with it: the machine that
takes its place starts again from `prepare`. The night ends published, with the marts of an undisturbed one.
"""

import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from kombu import Connection

from airflow_components import Airflow
from deployment import due_date
from faults import checks
from faults.business import Business, Case
from userops.warehouse.embedded import EmbeddedServer

pytestmark = [pytest.mark.celery, pytest.mark.timeout(3600)]
BROKER = os.environ.get("USEROPS_TEST_BROKER") or "redis://127.0.0.1:6379/9"
QUEUES = ("default", "build")
# Somewhere in the middle of `build`.
MODEL = "int_orders_priced"
# By engine: the queues of both workers, and of the machine that takes the killed one's place.
WORKERS = {"postgres": ("default", "default", ""), "duckdb": ("default", "build", "build")}


class Workers(Airflow):
    """The components of a deployment and its workers; a worker's name is that of the machine it stands for."""

    def __init__(self, case: Case, metadata: EmbeddedServer, broker: dict[str, str], queues: tuple[str, ...]) -> None:
        self.place, self.lost = case.home, threading.Event()
        shared = {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            # A message that a killed worker had taken and not begun comes to nobody: it is sent again after this.
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
            # Workers that start beside each other on a busy machine are not lost when they are slow.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "90",
            "AIRFLOW__CELERY__OPERATION_TIMEOUT": "30",
            "USEROPS_LANDING": f"file://{case.landing}",
            "USEROPS_LAKE": f"file://{case.home / 'lake'}",
            "USEROPS_ALERT_TARGETS": f"file://{case.home / 'alerts.log'}",
        }
        super().__init__(case.environment() | shared | broker, metadata, case.home / "components.log")
        *first, self.instead = queues
        for number, queue in enumerate(first, start=1):
            self.add(f"machine-{number}", queue)

    def add(self, machine: str, queue: str) -> None:
        """Let a worker of the queue be among what is kept up."""
        worker = ["celery", "worker", "--queues", queue, "--concurrency", "2", "--skip-serve-logs"]
        self.components = self.components | {machine: [*worker, "--celery-hostname", f"{machine}@%h"]}

    def keep_up(self) -> None:
        """As all components are, and once in the night lose the worker that builds."""
        super().keep_up()
        building = [machine for machine in ("machine-1", "machine-2") if self.builds(machine)]
        if building and not self.lost.is_set():
            self.lose(building[0])
            self.lost.set()
            if self.instead:
                self.add("machine-3", self.instead)

    def lose(self, machine: str) -> None:
        """Kill a worker with all that it started; it does not come back, nor do its files."""
        self.components = {name: arguments for name, arguments in self.components.items() if name != machine}
        self.kill(machine, with_children=True)
        self.running[machine].wait(30)
        shutil.rmtree(self.home(machine))

    def home(self, machine: str) -> Path:
        return self.place / machine

    def environment_of(self, name: str) -> dict[str, str]:
        if name in Airflow.components:
            return self.environment
        home = self.home(name)
        own = {"USEROPS_HOME": home, "AIRFLOW_HOME": home / "airflow",
               "AIRFLOW__LOGGING__BASE_LOG_FOLDER": home / "airflow" / "logs"}
        return self.environment | {key: str(value) for key, value in own.items()}

    def builds(self, machine: str) -> bool:
        """Whether the build on that machine has come to the model."""
        log = self.home(machine) / "dbt" / "logs" / "dbt.log"
        return log.exists() and MODEL in log.read_text(encoding="utf-8", errors="replace")

    def tasks(self, machine: str) -> set[str]:
        """The tasks of the night that ran on that machine, by their logs there."""
        logs = self.home(machine).glob("airflow/logs/dag_id=nightly/*/task_id=*")
        return {log.name.removeprefix("task_id=") for log in logs}

    def said(self, machine: str, task: str) -> str:
        """What a task's tries wrote on that machine."""
        logs = sorted(self.home(machine).glob(f"airflow/logs/dag_id=nightly/*/task_id={task}/*.log"))
        return "".join(log.read_text(encoding="utf-8") for log in logs)


@pytest.fixture
def broker() -> Iterator[dict[str, str]]:
    """Where messages wait, of this test alone: keys of its own in Redis, emptied queues in RabbitMQ."""
    prefix = f"userops-{uuid.uuid4().hex[:8]}:"
    is_redis = BROKER.startswith("redis")
    options = {"global_keyprefix": prefix} if is_redis else {}
    with Connection(BROKER, transport_options=options) as connection:
        for queue in QUEUES:
            connection.SimpleQueue(queue).clear()
        named = {"AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__GLOBAL_KEYPREFIX": prefix} if is_redis else {}
        yield {"AIRFLOW__CELERY__BROKER_URL": BROKER, **named}
        for queue in QUEUES:
            connection.default_channel.queue_delete(queue)
    if is_redis:
        with redis.Redis.from_url(BROKER) as client:
            for key in client.scan_iter(match=f"{prefix}*"):
                client.delete(key)


@contextmanager
def deployed(case: Case, folder: Path, broker: dict[str, str]) -> Iterator[Workers]:
    metadata = EmbeddedServer(folder / "metadata")
    metadata.start()
    airflow = Workers(case, metadata, broker, WORKERS[case.engine])
    try:
        yield airflow
    finally:
        airflow.stop()
        metadata.stop()


@pytest.mark.parametrize("engine", WORKERS)
def test_a_night_converges_although_a_worker_is_lost(
    server_url: str, tmp_path: Path, broker: dict[str, str], engine: str
) -> None:
    night = due_date("Asia/Shanghai")
    business = Business(server_url, tmp_path, first=night - timedelta(days=1), engine=engine)
    business.prepare()
    with business.case("published") as case, deployed(case, tmp_path, broker) as airflow:
        with case.reading({business.before, business.after}):
            ended = airflow.wait(airflow.lost, 1800)
        assert airflow.lost.is_set(), "the night never came to the build"
        said = (case.home / "components.log").read_text()[-3000:]
        assert ended == "success", f"{ended}: {said}"
        checks.converges(business, case)
        left = {machine: airflow.tasks(machine) for machine in ("machine-1", "machine-2", "machine-3")}
        (builder,) = [machine for machine, tasks in left.items() if "build" in tasks]
        assert "publish" in left["machine-1"] or engine == "postgres"
        if airflow.instead:
            assert builder == "machine-3"
            assert "what prepare built is not here" in airflow.said(builder, "build")
    business.drop()
