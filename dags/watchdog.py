"""The watchdog: is the last day published by its hour? See `plugins/userops/alerts/watchdog.py`."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

from userops import airflow_tasks

RUNBOOK = """
### watchdog: alert when the last day is not published by its hour
**Owner** data-platform · **Impact** none by itself; its alert means that readers look at an old date.

1. `userops status`; then Airflow's page of `nightly`: did it run, is the scheduler alive?
2. Run the date by hand: `userops run --date D`. The recovery notice follows its publication.

Airflow itself may be down: let cron call `userops watchdog` too. Both raise one alert only.
"""


@task
def look() -> str:
    return airflow_tasks.watch()


@dag(
    dag_id="watchdog",
    schedule="*/30 * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "data-platform", "retries": 2, "retry_delay": timedelta(minutes=1)},
    doc_md=RUNBOOK,
    tags=["userops"],
)
def watchdog_dag() -> None:
    look()


watchdog_dag()
