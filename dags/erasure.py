"""Erase a person on request, then publish the night again without them; see `plugins/userops/warehouse/erasure.py`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, dag, get_current_context, task

from userops.settings import Settings

RUNBOOK = """
### erasure: take a person out of everything
**Owner** data-protection · **Impact** the published date is built again without the person.

Trigger with `contact_id` (and `scope` = `restrict` to keep the data but contact nobody). The task removes the person
from raw, quarantine and vault; the night it triggers takes them out of `build` and of every kept version.
`marts.erasure_log` says what went, without an identifier.
"""


@task
def erase() -> str:
    from userops.privacy import erasure
    from userops.warehouse.location import warehouse_url

    params = get_current_context()["params"]
    return erasure.on_request(warehouse_url(Settings.load()), params["contact_id"], params["scope"]).isoformat()


@dag(
    dag_id="erasure",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=ZoneInfo(Settings.load().timezone)),
    catchup=False,
    max_active_runs=1,
    params={
        "contact_id": Param(type="string", minLength=1, description="the CRM's id of the person"),
        "scope": Param("erase", enum=["erase", "restrict"]),
    },
    default_args={"owner": "data-protection", "retries": 1, "retry_delay": timedelta(seconds=30)},
    render_template_as_native_obj=True,
    doc_md=RUNBOOK,
    tags=["userops"],
)
def erasure_dag() -> None:
    published = erase()
    published >> TriggerDagRunOperator(
        task_id="publish_again", trigger_dag_id="nightly", conf={"date": published}, wait_for_completion=False
    )


erasure_dag()
