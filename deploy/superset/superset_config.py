"""Superset's configuration. `userops superset` and docker-compose.yml set the variables that it reads.

Each may be given by a file, which `<NAME>_FILE` names: a mounted secret.
"""

import os
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url


def given(name: str, default: str | None = None) -> str:
    """The value of a variable, or what stands in the file that `<name>_FILE` names."""
    file = os.environ.get(f"{name}_FILE")
    value = Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get(name, default)
    if value is None:
        raise RuntimeError(f"{name} is not set. Set it, or name a file that holds it in {name}_FILE.")
    return value


# Encrypts what Superset stores about connections: keep it.
SECRET_KEY = given("SUPERSET_SECRET_KEY")
# Superset's own database, for dashboards and users.
SQLALCHEMY_DATABASE_URI = given("SUPERSET_METADATA_URL", f"sqlite:///{given('SUPERSET_HOME')}/superset.db")


def DB_CONNECTION_MUTATOR(uri: URL, params: dict[str, Any], *_: Any) -> tuple[URL, dict[str, Any]]:
    """Connect to the warehouse of this deployment, as a login that reads the schema `marts` and nothing else.

    The host in assets/databases/warehouse.yaml stands for it: neither that file nor Superset's own database knows the
    address or the password.
    """
    if uri.host == "warehouse.invalid":
        uri = make_url(given("SUPERSET_WAREHOUSE_URL")).set(drivername="postgresql+psycopg2")
    return uri, params


LANGUAGES = {"en": {"flag": "us", "name": "English"}, "zh": {"flag": "cn", "name": "Chinese"}}
# A reverse proxy with TLS stands before it, as before Airflow.
ENABLE_PROXY_FIX = True
# As long as gunicorn waits for an answer (serve).
SUPERSET_WEBSERVER_TIMEOUT = 120
# Charts without a limit of their own.
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
