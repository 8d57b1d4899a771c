"""Airflow as `make serve` starts it: the scheduler runs the date that is due by itself, and all of it ends.

Outside the quick suite (`make test-serve`): it takes a minute or two.
"""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from deployment import PROGRAMS, clean_environment, due_date, free_port
from userops.simulate import simulate

TIMEZONE = "Asia/Shanghai"
ENDED = ("published", "blocked", "held", "failed")
pytestmark = pytest.mark.serve


def wait_for(what, seconds: float):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(1)
    return None


def is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except OSError:
        return False
    return health["scheduler"]["status"] == "healthy" and health["dag_processor"]["status"] == "healthy"


def group_lives(group: int) -> bool:
    return any(
        (stat := (process / "stat")).exists() and int(stat.read_text().rsplit(")", 1)[1].split()[2]) == group
        for process in Path("/proc").iterdir()
        if process.name.isdigit()
    )


class Served:
    """`userops serve` over a landing place of one due day."""

    def __init__(self, place: Path, **settings: str) -> None:
        self.day, self.port, self.place = due_date(TIMEZONE), free_port(), place
        self.landing, self.home = place / "landing", place / "home"
        simulate(self.landing, 120, 1, self.day, 7)
        self.environment = clean_environment(
            USEROPS_HOME=str(self.home), USEROPS_LANDING=str(self.landing), USEROPS_TIMEZONE=TIMEZONE,
            AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False", **settings,
        )

    def status(self) -> dict:
        done = subprocess.run(
            [PROGRAMS / "userops", "status", "--json"], env=self.environment, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    def log(self) -> str:
        return (self.place / "serve.log").read_text()[-3000:]

    def ends_as(self, state: str) -> dict:
        """Wait for the run to end; in that state."""
        ended = wait_for(lambda: (s := self.status())["state"] in ENDED and s, 400)
        assert ended and ended["state"] == state, f"{ended}: {self.log()}"
        return ended

    def ask(self, path: str, content: dict | None = None, method: str = "", token: str = "") -> dict:
        """One request to Airflow's API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method or ("POST" if content else "GET"),
            data=json.dumps(content).encode() if content else None,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of it, until the block ends: then no process is left."""
        with (self.place / "serve.log").open("w") as log:
            served = subprocess.Popen(
                [PROGRAMS / "userops", "serve", "--port", str(self.port)], env=self.environment, stdout=log, stderr=log,
                start_new_session=True,
            )
        groups: list[int] = []
        try:
            assert wait_for(lambda: is_healthy(self.port), 240), self.log()
            children = subprocess.run(["pgrep", "-P", str(served.pid)], capture_output=True, text=True, check=True)
            groups = [int(child) for child in children.stdout.split()]
            assert any(group_lives(group) for group in groups)
            yield
        finally:
            served.send_signal(signal.SIGTERM)
            served.wait(60)
            subprocess.run(
                [PROGRAMS / "userops", "db", "stop"], env=self.environment, check=True, capture_output=True
            )
        assert wait_for(lambda: not any(group_lives(group) for group in groups), 30)


def test_the_due_date_runs_under_the_scheduler_and_all_processes_end(tmp_path):
    served = Served(tmp_path)
    with served.running():
        assert served.ends_as("published")["business_date"] == str(served.day)


def test_a_held_run_asks_in_airflow_and_is_published_in_the_name_of_who_approves(tmp_path):
    """An unknown column warns; the run waits under Airflow's required actions until somebody answers there."""
    served = Served(tmp_path, USEROPS_HOLD_WARNINGS="1")
    stores = served.landing / str(served.day) / "stores.csv"
    stores.with_name("_manifest.json").unlink(missing_ok=True)
    head, *rows = stores.read_text(encoding="utf-8").splitlines()
    stores.write_text("\n".join([f"{head},mood", *(f"{row},good" for row in rows), ""]), encoding="utf-8")
    with served.running():
        served.ends_as("held")
        users = json.loads((served.home / "airflow" / "simple_auth_manager_passwords.json.generated").read_text())
        name, password = next(iter(users.items()))
        token = served.ask("/auth/token", {"username": name, "password": password})["access_token"]
        asked = []

        def approved_until_published() -> bool:
            """Approve what is asked, also where it is asked again."""
            questions = "/api/v2/dags/approval/dagRuns/~/hitlDetails?response_received=false"
            for question in served.ask(questions, token=token)["hitl_details"]:
                asked.append(question)
                run = question["task_instance"]["dag_run_id"]
                answer = f"/api/v2/dags/approval/dagRuns/{run}/taskInstances/ask/-1/hitlDetails"
                served.ask(answer, {"chosen_options": ["Approve"], "params_input": {}}, "PATCH", token)
            return served.status()["state"] == "published"

        assert wait_for(approved_until_published, 400), served.log()
        assert str(served.day) in asked[0]["subject"] and "unknown_columns** on stores" in asked[0]["body"]
        url = subprocess.run(
            [PROGRAMS / "userops", "db", "url"], env=served.environment, capture_output=True, text=True, check=True
        ).stdout.strip()
        with psycopg.connect(url) as warehouse:
            by = warehouse.execute("select distinct approved_by from meta.approvals").fetchall()
        assert by == [(name,)]
