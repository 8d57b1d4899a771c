"""A server of the harness's own (faults stop it), with fsync on, and the undisturbed nights."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from faults.business import Business
from userops.warehouse.embedded import EmbeddedServer


def pytest_configure() -> None:
    # Workers draw from the seed of the process that starts them.
    os.environ.setdefault("FAULTS_SEED", str(random.SystemRandom().randrange(10**6)))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    made = EmbeddedServer(tmp_path_factory.mktemp("server"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def business(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    with psycopg.connect(server.url("postgres")) as connection:
        assert connection.execute("show fsync").fetchone()[0] == "on"
    made = Business(server.url("postgres"), Path(tmp_path_factory.mktemp("business")))
    made.prepare()
    yield made
    made.drop()
