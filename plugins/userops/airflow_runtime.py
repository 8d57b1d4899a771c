"""Run userops under Airflow: its configuration, its metadata, its secrets, one run in this process."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from userops import gc_tuning
from userops.errors import EXIT_FAILED, UseropsError
from userops.settings import Settings
from userops.warehouse.location import airflow_url

# The names under which Airflow's secrets backend, or its UI, may hold what `.env.example` calls the URL and the key.
CONNECTION = "userops_warehouse"
KEY_VARIABLE = "userops_hash_key"
IN_PROCESS = "USEROPS_IN_PROCESS"
METADATA = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
# Why tasks of the run in this process failed, the first one first.
_errors: list[BaseException] = []


def configure(settings: Settings) -> None:
    """Set Airflow's environment; call it before `airflow` is imported. The operator's own variables stay."""
    home = settings.home / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    key = _secret(home / "secret")
    if not _is_given(METADATA):
        os.environ[METADATA] = airflow_url(settings).replace("postgresql://", "postgresql+psycopg2://", 1)
    defaults = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.project_root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.project_root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        # Dates without a zone, as in `airflow dags test nightly 2011-12-09`, are days of the business.
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": settings.timezone,
        "AIRFLOW__API_AUTH__JWT_SECRET": key,
        "AIRFLOW__API__SECRET_KEY": key,
        # An API server that starts beside the scheduler takes longer to listen than Airflow's five attempts, and longer
        # to answer its first requests than Airflow's five seconds: the first task would fail.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "8",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": settings.log_level,
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "USEROPS_HOME": str(settings.home),
    }
    for name, value in defaults.items():
        if not _is_given(name):
            os.environ[name] = value


def _is_given(name: str) -> bool:
    """Whether the operator set an option: itself, or by a command or a secret that Airflow reads it from."""
    return any(os.environ.get(name + ending) for ending in ("", "_CMD", "_SECRET"))


def _secret(path: Path) -> str:
    """A secret that is made once and kept for its owner alone."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


def migrate(settings: Settings) -> None:
    """Bring Airflow's metadata to this version's schema: seconds the first time, nothing after that."""
    marker = settings.home / "airflow" / "migrated"
    stamp = _version_and_database()
    if marker.exists() and marker.read_text() == stamp:
        return
    log = settings.home / "airflow" / "migrate.out"
    with log.open("w") as output:
        done = subprocess.run(
            [program(), "db", "migrate"], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
        )
    if done.returncode:
        raise UseropsError(
            "Airflow's metadata could not be brought to this version.", fix=f"read {log}.", exit_code=EXIT_FAILED
        )
    marker.write_text(stamp)


def program() -> str:
    """The `airflow` of this environment, whatever PATH says."""
    return str(Path(sys.executable).parent / "airflow")


def _version_and_database() -> str:
    from importlib.metadata import version

    database = os.environ.get(METADATA) or os.environ.get(f"{METADATA}_CMD") or os.environ[f"{METADATA}_SECRET"]
    return f"{version('apache-airflow')} {database.rsplit('@', 1)[-1]}"


def is_in_process() -> bool:
    """Whether a DAG runs in the process of a `userops` command, without a scheduler."""
    return os.environ.get(IN_PROCESS) == "1"


def task_settings() -> Settings:
    """Load the settings of a task; under a scheduler Airflow's secrets win over the environment."""
    settings = Settings.load()
    if not is_in_process():
        settings = settings.model_copy(update=_airflow_secrets())
    return settings.with_hash_key()


def _airflow_secrets() -> dict[str, str]:
    """The warehouse's URL and the hash key, as far as Airflow has them (a secrets backend, the environment, the UI)."""
    from airflow.sdk import Connection, Variable
    from airflow.sdk.exceptions import AirflowNotFoundException

    found = {}
    try:
        uri = Connection.get(CONNECTION).get_uri()
        found["database_url"] = uri.replace("postgres://", "postgresql://", 1)
    except AirflowNotFoundException:
        # The warehouse is the one that the environment names, or the embedded server.
        pass
    key = Variable.get(KEY_VARIABLE, default=None)
    return found | ({"hash_key": key} if key else {})


def run_dag(settings: Settings, conf: dict[str, Any]) -> BaseException | None:
    """Run the DAG `nightly` in this process; returns the error of the first task that failed, if any.

    The outcome of the run itself is in `meta.runs`.
    """
    os.environ[IN_PROCESS] = "1"
    gc_tuning.tune_gc()
    _errors.clear()
    with _into(run_log(settings)):
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(settings.project_root / "dags" / "nightly.py"))
        if bag.import_errors:
            raise UseropsError(
                f"The DAG cannot be imported: {bag.import_errors}.", fix="fix the file.", exit_code=EXIT_FAILED
            )
        bag.dags["nightly"].test(logical_date=_logical_date(settings, conf["date"]), run_conf=conf)
    return _errors[0] if _errors else None


def _logical_date(settings: Settings, day: str | None) -> datetime:
    """An instant of the business date that no other run has: Airflow replaces a run of the same instant."""
    now = datetime.now(ZoneInfo(settings.timezone))
    return datetime.combine(date.fromisoformat(day), now.timetz()) if day else now


def note_failure(error: BaseException) -> None:
    """Keep why a task failed, for the command whose process this is."""
    _errors.append(error)


def run_log(settings: Settings) -> Path:
    """The file for the output of Airflow and dbt during a run in this process."""
    return settings.home / "airflow" / "run.log"


@contextmanager
def _into(log: Path) -> Iterator[None]:
    """Send what this process and its children print to a file: the terminal is for the outcome of the run."""
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
