"""The night: names, order, schedule, owner. What the steps do stands in `plugins/userops/run.py`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import (
    Asset,
    DeadlineAlert,
    DeadlineReference,
    Param,
    SyncCallback,
    dag,
    get_current_context,
    task,
    task_group,
)
from airflow.sdk.exceptions import AirflowFailException

from userops import airflow_runtime
from userops.settings import Settings

DOMAINS = ("channel", "orders", "crm")
MARTS = Asset("userops://marts")
TIMEZONE = ZoneInfo(Settings.load().timezone)
BEGINS = time(3)
# Airflow keeps deadlines by its scheduler; a run in this process (`dag.test`) has none and would end in an error.
DEADLINE = None if airflow_runtime.is_in_process() else DeadlineAlert(
    reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
    interval=datetime.combine(date.min, Settings.load().deadline) - datetime.combine(date.min, BEGINS),
    callback=SyncCallback("userops.alerts.watchdog.deadline_missed"),
)

RUNBOOK = """
### nightly: exports in, gated marts out
**Owner** data-platform · **Impact** every dashboard and activation list stays at the last published date.

1. `userops status` says which check blocked the night, on which file, expected against found.
2. A file is wrong: have it delivered again under the same name, then `userops night --date D`.
3. A check is wrong: fix it in `expectations/` or `contracts/` under review. There is no skip.
4. The run failed for another reason: it is safe to run again at any time.
5. What readers see is wrong: `userops rollback` puts them on the version before, within a second.
"""


def report_failure(context: dict) -> None:
    """Tell the people on call about a run that ended by an error, not by a decision of the gate."""
    from userops import run

    begun = context["ti"].xcom_pull(task_ids="begin")
    if begun:
        run.fail(begun["run_id"], str(context.get("exception") or "a task failed"))


@contextmanager
def blocked_is_final() -> Iterator[None]:
    """A blocked night is a decision: its task fails for good and is not retried."""
    from userops.errors import Blocked

    try:
        yield
    except Blocked as blocked:
        raise AirflowFailException(str(blocked)) from blocked


@task
def begin() -> dict:
    from userops import run

    context = get_current_context()
    asked = context["params"]["date"]
    scheduled = context["logical_date"] - timedelta(days=1) if context["logical_date"] else None
    if not asked and scheduled is None:
        raise AirflowFailException("No business date: trigger with the parameter `date`.")
    with blocked_is_final():
        return run.begin(asked or scheduled.astimezone(TIMEZONE).date().isoformat())


@task(map_index_template="{{ task.op_kwargs['export'] }}")
def load(export: str, begun: dict) -> int:
    from userops import run

    return run.load(begun, export)


def step(name: str, **options: object):
    """A task that runs one step of the night."""

    @task(task_id=name, trigger_rule="none_failed", **options)
    def run(begun: dict) -> object:
        from userops import run

        with blocked_is_final():
            return getattr(run, {"publish": "publish_marts"}.get(name, name))(begun)

    return run


@dag(
    dag_id="nightly",
    schedule=f"{BEGINS.minute} {BEGINS.hour} * * *",
    start_date=datetime(2024, 1, 1, tzinfo=TIMEZONE),
    catchup=False,
    max_active_runs=1,
    deadline=DEADLINE,
    params={"date": Param(None, type=["null", "string"], description="business date, YYYY-MM-DD")},
    default_args={
        "owner": "data-platform",
        "retries": 1,
        "retry_delay": timedelta(seconds=5),
        "on_failure_callback": report_failure,
    },
    doc_md=RUNBOOK,
    tags=["userops"],
)
def nightly() -> None:
    begun = begin()

    @task
    def exports_of(domain: str, begun: dict) -> list[str]:
        from userops import run

        return run.exports_of(begun, domain)

    @task_group
    def ingest(begun: dict) -> None:
        for domain in DOMAINS:
            listed = exports_of.override(task_id=f"{domain}_exports")(domain, begun)
            load.override(task_id=f"load_{domain}").partial(begun=begun).expand(export=listed)

    loaded = ingest(begun)
    checked_raw = step("check_raw")(begun)
    built = step("build")(begun)
    checked_marts = step("check_marts")(begun)
    published = step("publish", outlets=[MARTS])(begun)
    begun >> loaded >> checked_raw >> built >> checked_marts >> published >> step("serve")(begun)
    if not airflow_runtime.is_in_process():
        # A held night ends here as a failed one does; `approval` looks which it is, and asks.
        published >> TriggerDagRunOperator(
            task_id="ask_for_approval",
            trigger_dag_id="approval",
            conf={"date": "{{ (ti.xcom_pull(task_ids='begin') or {'business_date': '1970-01-01'})['business_date'] }}"},
            trigger_rule="all_failed",
        )


nightly()
