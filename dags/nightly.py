"""The run of a business date: names, order, schedule, owner. The steps themselves are in `plugins/userops/run.py`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Asset, CronDataIntervalTimetable, Param, chain, dag, get_current_context, task, task_group

from userops import airflow_tasks
from userops.settings import Settings

SETTINGS = Settings.load()
MARTS = Asset("userops://marts")
DOMAINS = ("channel", "orders", "crm")
# What the engines duckdb and spark build stands in files of one worker; everything that reads them runs there.
QUEUE = {} if SETTINGS.engine == "postgres" else {"queue": "build"}

RUNBOOK = """
### nightly: exports in, gated marts out
**Owner** data-platform · **Impact** every dashboard and activation list stays at the last published date.

1. `userops status` says which check blocked the run, on which file, expected against found.
2. A file is wrong: have it delivered again under the same name; the next run loads it by itself.
3. A check is wrong: fix it in `expectations/` or `contracts/` under review. There is no skip.
4. The run failed for another reason: it is safe to run again at any time.
5. What readers see is wrong: `userops rollback` puts them back on the version before, within a second.

A run's logical date is its business date. Backfill one run at a time, up to the day *after* the last (its midnight):
`airflow backfill create --dag-id nightly --from-date 2011-12-05 --to-date 2011-12-10 --max-active-runs 1`.
"""


# Another run may be writing (a backfill, a command): wait for its end.
@task(retries=10, retry_delay=timedelta(minutes=1))
def begin() -> dict:
    return airflow_tasks.begin(get_current_context())


@task
def list_exports(domain: str, run: dict) -> list[str]:
    return run["work"].get(domain, [])


@task(map_index_template="{{ task.op_kwargs['export'] }}")
def ingest(export: str) -> int:
    return airflow_tasks.step("ingest", get_current_context(), export)


def step(name: str, **options: object):
    """A task that runs the step of that name; a domain without files skips its ingest, and the run goes on."""

    @task(task_id=name, trigger_rule="none_failed", **options)
    def run_step() -> object:
        return airflow_tasks.step(name, get_current_context())

    return run_step()


@task.short_circuit(trigger_rule="all_failed")
def is_held() -> bool:
    return airflow_tasks.is_held(get_current_context())


@dag(
    dag_id="nightly",
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone=SETTINGS.timezone),
    start_date=datetime(2010, 1, 1, tzinfo=ZoneInfo(SETTINGS.timezone)),
    catchup=False,
    max_active_runs=1,
    params={
        "date": Param(None, type=["null", "string"], format="date", description="business date; default: logical date"),
        "allow_older": Param(False, type="boolean", description="run a date before the published one"),
        "rebuild": Param(False, type="boolean", description="build from what is stored, without a new delivery"),
    },
    default_args={
        "owner": "data-platform", "retries": 1, "retry_delay": timedelta(seconds=5),
        "on_failure_callback": airflow_tasks.report_failure,
    },  # fmt: skip
    doc_md=RUNBOOK,
    tags=["userops"],
)
def nightly() -> None:
    run = begin()

    @task_group(group_id="ingest")
    def ingest_all() -> None:
        for domain in DOMAINS:
            exports = list_exports.override(task_id=f"list_{domain}")(domain, run)
            ingest.override(task_id=domain).expand(export=exports)

    published = step("publish", outlets=[MARTS])
    chain(run, ingest_all(), *(step(name, **QUEUE) for name in airflow_tasks.ENGINE_STEPS), published, step("serve"))
    # A held run ends as a failed one does; `is_held` looks which it is.
    held = {"date": "{{ ti.xcom_pull(task_ids='begin')['business_date'] }}"}
    chain(published, is_held(), TriggerDagRunOperator(task_id="ask_for_approval", trigger_dag_id="approval", conf=held))


nightly()
