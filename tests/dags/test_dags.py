"""The DAGs import, and their structure is the one that runbooks and docs name. Integration tests show that they run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from userops import airflow_tasks
from userops.settings import Settings

DAGS = Path(__file__).resolve().parents[2] / "dags"
STEPS = [*airflow_tasks.ENGINE_STEPS, "publish", "serve"]
INGEST = {"ingest.channel", "ingest.orders", "ingest.crm"}


@pytest.fixture(scope="module", autouse=True)
def airflow_home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("airflow")
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home}/airflow.db")
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        yield


def load_dags() -> dict:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAGS))
    assert not bag.import_errors
    return bag.dags


@pytest.fixture(scope="module")
def dags(airflow_home):
    return load_dags()


def test_every_dag_file_is_one_dag(dags):
    assert set(dags) == {"nightly", "activation", "approval", "erasure", "watchdog"}
    assert set(dags) == {path.stem for path in DAGS.glob("*.py")}


def test_a_run_is_a_chain_of_steps(dags):
    nightly = dags["nightly"]
    lists = {"ingest.list_channel", "ingest.list_orders", "ingest.list_crm"}
    assert set(nightly.task_ids) == {"begin", *lists, *INGEST, *STEPS, "is_held", "ask_for_approval"}
    for task_id in lists:
        assert nightly.get_task(task_id).upstream_task_ids == {"begin"}
        assert nightly.get_task(task_id).downstream_task_ids == {task_id.replace("list_", "")}
    assert nightly.get_task("prepare").upstream_task_ids == INGEST
    assert STEPS[:4] == ["prepare", "check_raw", "resolve_identity", "build"]
    assert STEPS[4:] == ["score", "build_scored", "check_marts", "publish", "serve"]
    for earlier, later in zip(STEPS, STEPS[1:], strict=False):
        assert nightly.get_task(later).upstream_task_ids == {earlier}
    assert nightly.max_active_runs == 1 and nightly.catchup is False


def test_a_person_is_asked_before_a_held_run_is_published_and_no_answer_is_a_refusal(dags):
    ask = dags["approval"].get_task("ask")
    assert ask.defaults == ["Reject"] and ask.response_timeout == timedelta(hours=12)
    assert ask.options == ["Approve", "Reject"]
    assert ask.upstream_task_ids == {"held"} and ask.downstream_task_ids == {"publish"}
    trigger = dags["nightly"].get_task("ask_for_approval")
    assert trigger.trigger_dag_id == "approval" and trigger.upstream_task_ids == {"is_held"}
    assert dags["nightly"].get_task("is_held").upstream_task_ids == {"publish"}
    assert dags["nightly"].get_task("is_held").trigger_rule == "all_failed"


def test_an_erasure_is_followed_by_a_rebuild_of_the_published_date(dags):
    trigger = dags["erasure"].get_task("publish_again")
    assert trigger.trigger_dag_id == "nightly" and trigger.conf["rebuild"] is True
    assert trigger.upstream_task_ids == {"erase"}


def test_audiences_are_exported_after_each_publication(dags):
    from airflow.sdk import Asset

    activation = dags["activation"]
    published = Asset("userops://marts")
    assert list(activation.timetable.asset_condition.objects) == [published]
    for dag in ("nightly", "approval"):
        assert dags[dag].get_task("publish").outlets == [published]
    assert set(activation.task_ids) == {"list_destinations", "export"}
    assert activation.get_task("export").upstream_task_ids == {"list_destinations"}
    assert activation.max_active_runs == 1 and activation.catchup is False


def test_the_logical_date_is_the_business_date(dags):
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    nightly = dags["nightly"]
    restriction = TimeRestriction(earliest=None, latest=None, catchup=False)
    timetable = coerce_to_core_timetable(nightly.timetable)
    info = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    zone = ZoneInfo(Settings.load().timezone)
    due = (datetime.now(zone) - timedelta(hours=3)).date()
    assert info.run_after.astimezone(zone).replace(tzinfo=None) == datetime(due.year, due.month, due.day, 3)
    assert info.logical_date.astimezone(zone).date() == due - timedelta(days=1)
    assert nightly.start_date < datetime(2010, 12, 1, tzinfo=UTC)


def test_policy_owner_retries_runbook(dags):
    for dag in dags.values():
        owners = {task.owner for task in dag.tasks}
        assert len(owners) == 1 and owners <= {"data-platform", "data-protection"}
        assert f"**Owner** {owners.pop()} · **Impact** " in dag.doc_md
        assert all(task.retries >= 1 for task in dag.tasks)


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_what_builds_in_files_runs_on_one_worker(monkeypatch, engine):
    monkeypatch.setenv("USEROPS_ENGINE", engine)
    nightly = load_dags()["nightly"]
    on_build = {task.task_id for task in nightly.tasks if task.queue == "build"}
    assert on_build == set(STEPS) - {"publish", "serve"} == set(airflow_tasks.ENGINE_STEPS)


def test_dag_files_are_thin():
    for path in DAGS.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 100, path.name
        assert not any(word in text.lower() for word in ("select ", "connect(", "psycopg")), path.name


SHANGHAI = Settings.load({"USEROPS_TIMEZONE": "Asia/Shanghai"})
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("date", "logical", "expected"),
    [
        ("2011-12-08", datetime(2011, 12, 9, tzinfo=UTC), "2011-12-08"),
        (None, datetime(2011, 12, 8, 19, tzinfo=UTC), "2011-12-09"),
        (None, NOW, "None"),
        (None, NOW + timedelta(days=1), "None"),
        (None, None, "None"),
    ],
)
def test_the_business_date_of_a_run(date, logical, expected):
    context = {"params": {"date": date}} | ({"logical_date": logical} if logical else {})
    assert str(airflow_tasks.business_date(context, SHANGHAI)) == expected


def context_of(run: dict | None, **more: object) -> dict:
    return {"ti": SimpleNamespace(xcom_pull=lambda task_ids: run if task_ids == "begin" else None), **more}


def test_a_run_of_a_command_asks_no_scheduler_for_approval(monkeypatch):
    monkeypatch.setenv("USEROPS_IN_PROCESS", "1")
    assert airflow_tasks.is_held(context_of({"business_date": "2011-12-09"})) is False
    monkeypatch.delenv("USEROPS_IN_PROCESS")
    assert airflow_tasks.is_held(context_of(None)) is False
