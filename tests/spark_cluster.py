"""A standalone Spark cluster on this machine: a master and two workers, started from the engine's own environment."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from deployment import free_port
from userops.settings import PROJECT_ROOT

LOOPBACK = "127.0.0.1"
START_SECONDS, STOP_SECONDS = 90, 20
MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"


@contextmanager
def cluster(place: Path) -> Iterator[str]:
    """The URL of a master with two workers, for as long as the block lasts."""
    port, page = free_port(), free_port()
    url = f"spark://{LOOPBACK}:{port}"
    where = ["--host", LOOPBACK, "--webui-port"]
    worker = [WORKER, *where, "0", "--cores", "1", "--memory", "1500m", "--work-dir", str(place), url]
    with ExitStack() as running:
        running.enter_context(_running(place / "master.log", MASTER, *where, str(page), "--port", str(port)))
        for number in (1, 2):
            running.enter_context(_running(place / f"worker-{number}.log", *worker))
        _await_workers(f"http://{LOOPBACK}:{page}/json/", 2)
        yield url


@contextmanager
def _running(log: Path, *command: str) -> Iterator[None]:
    """A daemon of Spark for as long as the block lasts."""
    home = next((PROJECT_ROOT / ".venv-spark" / "lib").glob("python*/site-packages/pyspark"), None)
    if home is None:
        pytest.fail("Spark is not there: run `make spark`")
    program = home / "bin" / "spark-class"
    environment = os.environ | {
        "SPARK_HOME": str(home), "SPARK_LOCAL_IP": LOOPBACK, "SPARK_DAEMON_MEMORY": "256m"
    }  # fmt: skip
    with log.open("wb") as out:
        daemon = subprocess.Popen([str(program), *command], stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(STOP_SECONDS)


def _await_workers(page: str, count: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        # Until the master listens, nobody answers.
        with suppress(OSError), urllib.request.urlopen(page, timeout=5) as answer:
            if json.load(answer)["aliveworkers"] == count:
                return
        time.sleep(1)
    pytest.fail(f"no cluster with {count} workers after {START_SECONDS} s")
