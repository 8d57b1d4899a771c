"""The watchdog: is the newest night published by its hour? What it does stands in `plugins/userops/watchdog.py`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.sdk import dag, task

from userops.settings import Settings

RUNBOOK = """
### watchdog: tell when the night is not there by its hour
**Owner** data-platform · **Impact** none by itself; it tells that readers look at an old date.

1. `userops status`; then Airflow's page of `nightly`: did it run, does the scheduler live?
2. Run the date by hand: `userops night --date D`. The recovery notice follows its publication.

Airflow itself may be down: let cron call `userops watchdog` too. Both raise one alert only.
"""


@task
def look() -> str:
    from userops.alerts import watchdog

    finding = watchdog.watch(Settings.load())
    return finding.observed if finding else "the night is there"


@dag(
    dag_id="watchdog",
    schedule="*/30 * * * *",
    start_date=datetime(2024, 1, 1, tzinfo=ZoneInfo(Settings.load().timezone)),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "data-platform", "retries": 2, "retry_delay": timedelta(minutes=1)},
    doc_md=RUNBOOK,
    tags=["userops"],
)
def watchdog_dag() -> None:
    look()


watchdog_dag()
