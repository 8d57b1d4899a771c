"""The DAG imports, and its structure is the one the runbook names. That it runs is shown in tests/integration."""

from pathlib import Path

import pytest

DAGS = Path(__file__).resolve().parents[2] / "dags"


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    import os

    home = tmp_path_factory.mktemp("airflow")
    os.environ["AIRFLOW_HOME"] = str(home)
    os.environ.setdefault("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home}/airflow.db")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(DAGS))


def test_every_dag_file_imports(bag):
    assert not bag.import_errors
    assert set(bag.dags) == {path.stem for path in DAGS.glob("*.py")}


def test_the_gate_stands_before_the_publication(bag):
    dag = bag.dags["nightly"]
    order = ["begin", "check_raw", "build", "check_marts", "publish", "serve"]
    for earlier, later in zip(order, order[1:], strict=False):
        assert earlier in dag.get_task(later).get_flat_relative_ids(upstream=True)
    assert dag.max_active_runs == 1


def test_every_load_stands_before_the_raw_checks(bag):
    dag = bag.dags["nightly"]
    upstream = dag.get_task("check_raw").get_flat_relative_ids(upstream=True)
    for domain in ("channel", "orders", "crm"):
        assert f"ingest.load_{domain}" in upstream


def test_policy_owner_retries_runbook(bag):
    for dag in bag.dags.values():
        assert dag.doc_md and "Owner" in dag.doc_md
        for task in dag.tasks:
            assert task.owner in {"data-platform", "data-protection"}
            assert task.retries >= 1


def test_a_person_is_asked_before_a_held_night_is_published_and_time_is_a_refusal(bag):
    asked = bag.dags["approval"].get_task("ask")
    assert asked.defaults == ["Reject"] and asked.response_timeout and asked.options == ["Approve", "Reject"]
    assert asked.upstream_task_ids == {"held"} and asked.downstream_task_ids == {"publish"}
    trigger = bag.dags["nightly"].get_task("ask_for_approval")
    assert trigger.trigger_dag_id == "approval" and trigger.upstream_task_ids == {"publish"}
