"""Airflow as `make serve` starts it: the scheduler runs the night that is due by itself, and all of it ends.

Outside the quick suite (`make test-serve`): it takes a minute or two.
"""

import json
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from deployment import PROGRAMS, clean_environment, due_night, free_port
from userops.simulate import simulate

TIMEZONE = "Asia/Shanghai"
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


def test_the_due_night_runs_under_the_scheduler_and_all_processes_end(tmp_path):
    day, port = due_night(TIMEZONE), free_port()
    landing, home = tmp_path / "landing", tmp_path / "home"
    simulate(landing, 120, 1, day, 7)
    environment = clean_environment(
        USEROPS_HOME=str(home),
        USEROPS_LANDING=str(landing),
        USEROPS_TIMEZONE=TIMEZONE,
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
    )

    def status() -> dict:
        done = subprocess.run(
            [PROGRAMS / "userops", "status", "--json"], env=environment, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    with (tmp_path / "serve.log").open("w") as log:
        served = subprocess.Popen(
            [PROGRAMS / "userops", "serve", "--port", str(port)], env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )
    try:
        assert wait_for(lambda: is_healthy(port), 240), (tmp_path / "serve.log").read_text()[-3000:]
        ended = wait_for(lambda: (s := status())["state"] in ("published", "blocked", "failed") and s, 400)
        assert ended, (tmp_path / "serve.log").read_text()[-3000:]
        assert ended["state"] == "published", ended
        assert ended["business_date"] == str(day)
        children = subprocess.run(["pgrep", "-P", str(served.pid)], capture_output=True, text=True, check=True)
        groups = [int(child) for child in children.stdout.split()]
        assert any(group_lives(group) for group in groups)
    finally:
        served.send_signal(signal.SIGTERM)
        served.wait(60)
        subprocess.run([PROGRAMS / "userops", "db", "stop"], env=environment, check=True, capture_output=True)
    assert wait_for(lambda: not any(group_lives(group) for group in groups), 30)
