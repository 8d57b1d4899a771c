"""Airflow as userops runs it: its settings, its metadata, one night in this process."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from userops import gc_tuning
from userops.errors import EXIT_FAILED, UseropsError
from userops.settings import Settings
from userops.warehouse.connection import connect
from userops.warehouse.location import airflow_url


def configure(settings: Settings) -> None:
    """Set Airflow's environment; call before `airflow` is imported. What the operator has set stays."""
    home = settings.home / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    secret = home / "secret"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_hex(32))
    key = secret.read_text()
    url = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN") or airflow_url(settings).replace(
        "postgresql://", "postgresql+psycopg2://", 1
    )
    defaults = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.project_root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.project_root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__API_AUTH__JWT_SECRET": key,
        "AIRFLOW__API__SECRET_KEY": key,
        # A server that starts beside the scheduler takes longer to listen than Airflow's five tries, and longer to
        # answer its first requests than Airflow's five seconds: the night's first task would fail.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "8",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": os.environ.get("USEROPS_LOG_LEVEL") or "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "USEROPS_HOME": str(settings.home),
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def migrate(settings: Settings) -> None:
    """Bring Airflow's metadata to this version's shape; seconds the first time, nothing after that."""
    marker = settings.home / "airflow" / "migrated"
    stamp = _version_and_place()
    if marker.exists() and marker.read_text() == stamp:
        return
    log = settings.home / "airflow" / "migrate.out"
    with log.open("w") as output:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "airflow"), "db", "migrate"],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    if done.returncode:
        raise UseropsError(
            "Airflow's metadata could not be brought to this version.", fix=f"read {log}.", exit_code=EXIT_FAILED
        )
    marker.write_text(stamp)


def _version_and_place() -> str:
    from importlib.metadata import version

    return f"{version('apache-airflow')} {os.environ['AIRFLOW__DATABASE__SQL_ALCHEMY_CONN'].rsplit('@', 1)[-1]}"


IN_PROCESS = "USEROPS_IN_PROCESS"


def is_in_process() -> bool:
    """Whether a DAG is run here by `dag.test`, without a scheduler."""
    return os.environ.get(IN_PROCESS) == "1"


def run_night(settings: Settings, business_date: str) -> None:
    """One business date through the DAG `nightly`, in this process; its outcome stands in `meta.runs`."""
    os.environ[IN_PROCESS] = "1"
    gc_tuning.tune_gc()
    with _into(night_log(settings)):
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(settings.project_root / "dags"))
        if bag.import_errors:
            raise UseropsError(
                f"The DAG does not import: {bag.import_errors}", fix="fix the file.", exit_code=EXIT_FAILED
            )
        bag.dags["nightly"].test(run_conf={"date": business_date})


def night_log(settings: Settings) -> Path:
    """Where Airflow's and dbt's own words of a night in this process go."""
    return settings.home / "airflow" / "night.log"


@contextmanager
def _into(log: Path) -> Iterator[None]:
    """Send what this process and its children print to a file: the terminal is for the night's outcome."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    with log.open("ab") as target:
        try:
            for descriptor in (1, 2):
                os.dup2(target.fileno(), descriptor)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in zip((1, 2), kept, strict=True):
                os.dup2(original, descriptor)
                os.close(original)


def last_run(url: str, business_date: str) -> tuple[str, str, str] | None:
    """(run id, state, error) of the newest run of a date."""
    with connect(url) as connection:
        return connection.execute(
            "select run_id, state, coalesce(error, '') from meta.runs where business_date = %s"
            " order by token desc limit 1",
            [business_date],
        ).fetchone()
