"""A Superset as docker-compose.yml starts it: its own environment, its own database, a login that reads the marts."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from deployment import clean_environment, free_port
from userops.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "deploy" / "superset"
PROGRAMS = PROJECT_ROOT / ".venv-superset" / "bin"
ADMIN = ("admin", "a password of the tests")
# A first start makes the tables of Superset's own database, revision by revision.
START_SECONDS, COMMAND_SECONDS, STOP_SECONDS = 1800, 900, 30


class Superset:
    """Where it answers, and its own command."""

    def __init__(self, place: Path, warehouse: str, metadata: str) -> None:
        if not (PROGRAMS / "superset").exists():
            pytest.fail("Superset is not there: run `make superset`")
        self.place, self.port = place, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        password = place / "admin_password"
        password.write_text(ADMIN[1])
        self.environment = clean_environment(
            PATH=f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", SUPERSET_HOME=str(place),
            SUPERSET_CONFIG_PATH=str(FOLDER / "superset_config.py"), SUPERSET_SECRET_KEY="k" * 64,
            SUPERSET_ADMIN_PASSWORD_FILE=str(password), SUPERSET_WAREHOUSE_URL=warehouse,
            SUPERSET_METADATA_URL=metadata, SUPERSET_PORT=str(self.port),
        )  # fmt: skip

    def run(self, *arguments: str) -> str:
        """Run Superset's command; it has to succeed."""
        done = subprocess.run(
            [PROGRAMS / "superset", *arguments], env=self.environment, cwd=FOLDER, capture_output=True, text=True,
            check=False, timeout=COMMAND_SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Prepared and served for as long as the block lasts."""
        log = self.place / "serve.log"
        with log.open("wb") as out:
            server = subprocess.Popen([FOLDER / "serve"], env=self.environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not self._answers():
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"Superset does not answer: {log.read_text()[-4000:]}")
                time.sleep(1)
            yield
        finally:
            server.terminate()
            server.wait(STOP_SECONDS)

    def _answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
            return answer.status == 200
        return False
