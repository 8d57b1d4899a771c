"""How a task finds its settings, and how Airflow is configured, without a scheduler or a database."""

import os
from types import SimpleNamespace

import pytest

from userops import airflow_runtime, airflow_tasks
from userops.errors import Blocked, Superseded, UseropsError
from userops.settings import Settings

URI = "postgres://a:p%40ss@example.test:5433/wh?sslmode=require"


@pytest.fixture
def secrets(monkeypatch, tmp_path):
    """What Airflow has: connections by name, variables by name; the environment names another warehouse."""
    from airflow.sdk import Connection, Variable
    from airflow.sdk.exceptions import AirflowNotFoundException

    held = SimpleNamespace(connections={}, variables={})

    def get_connection(name: str) -> SimpleNamespace:
        if name not in held.connections:
            raise AirflowNotFoundException(name)
        return SimpleNamespace(get_uri=lambda: held.connections[name])

    monkeypatch.setattr(Connection, "get", get_connection)
    monkeypatch.setattr(Variable, "get", lambda name, default=None: held.variables.get(name, default))
    monkeypatch.setenv("USEROPS_HOME", str(tmp_path))
    monkeypatch.setenv("USEROPS_DATABASE_URL", "postgresql://of@environment/x")
    monkeypatch.setenv("USEROPS_HASH_KEY", "e" * 64)
    monkeypatch.delenv("USEROPS_IN_PROCESS", raising=False)
    return held


def test_without_secrets_a_task_uses_the_environment(secrets):
    settings = airflow_runtime.task_settings()
    assert (settings.database_url, settings.hash_key) == ("postgresql://of@environment/x", "e" * 64)


def test_secrets_of_airflow_win_over_the_environment(secrets):
    secrets.connections["userops_warehouse"] = URI
    secrets.variables["userops_hash_key"] = "s" * 64
    settings = airflow_runtime.task_settings()
    assert settings.database_url == "postgresql://a:p%40ss@example.test:5433/wh?sslmode=require"
    assert settings.hash_key == "s" * 64


def test_a_run_of_a_command_keeps_the_settings_of_the_command(secrets, monkeypatch):
    secrets.connections["userops_warehouse"] = URI
    monkeypatch.setenv("USEROPS_IN_PROCESS", "1")
    assert airflow_runtime.task_settings().database_url == "postgresql://of@environment/x"


@pytest.mark.parametrize("ending", ["", "_CMD", "_SECRET"])
def test_what_the_operator_set_stays(monkeypatch, tmp_path, ending):
    for name in list(os.environ):
        if name.startswith("AIRFLOW"):
            monkeypatch.delenv(name)
    # Whatever `configure` sets goes away with the test.
    monkeypatch.setattr(os, "environ", dict(os.environ) | {f"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN{ending}": "mine"})
    home = {"USEROPS_HOME": str(tmp_path), "USEROPS_TIMEZONE": "Europe/London"}
    airflow_runtime.configure(Settings.load(home | {"USEROPS_DATABASE_URL": "postgresql://x@127.0.0.1:1/none"}))
    assert os.environ[f"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN{ending}"] == "mine"
    assert os.environ["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == "Europe/London"
    assert len(os.environ["AIRFLOW__API__SECRET_KEY"]) == 64
    assert (tmp_path / "airflow" / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("error", "whatever", "is_final"),
    [
        (Blocked("no"), False, True),
        (UseropsError("bad date"), False, True),
        (Superseded("another run is writing"), False, False),
        (Superseded("another run is writing"), True, True),
        (RuntimeError("crash"), False, False),
    ],
)
def test_a_decision_is_final_and_a_failure_is_tried_again(error, whatever, is_final):
    from airflow.sdk.exceptions import AirflowFailException

    expected = AirflowFailException if is_final else type(error)
    with pytest.raises(expected) as raised, airflow_tasks._final_if_decided(whatever):
        raise error
    assert (raised.value.__cause__ if is_final else raised.value) is error


def test_the_cause_of_a_failed_task_reaches_the_command(monkeypatch):
    monkeypatch.setattr(airflow_runtime, "_errors", [])
    cause = Superseded("another run is writing")
    failed = RuntimeError("wrapped")
    failed.__cause__ = cause
    airflow_tasks.report_failure({"ti": SimpleNamespace(xcom_pull=lambda task_ids: None), "exception": failed})
    assert airflow_runtime._errors == [cause]


def test_runs_of_a_date_at_once_have_instants_of_their_own_within_it():
    settings = Settings.load({"USEROPS_TIMEZONE": "Asia/Shanghai"})
    instants = [airflow_runtime._logical_date(settings, "2011-12-09") for _ in range(2)]
    assert {str(instant.date()) for instant in instants} == {"2011-12-09"}
    assert all(instant.tzinfo.key == "Asia/Shanghai" for instant in instants) and instants[0] != instants[1]
