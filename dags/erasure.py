"""Erase a person on request, then publish again without them; see `plugins/userops/privacy/erasure.py`."""

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, chain, dag, get_current_context, task

from userops import airflow_tasks

RUNBOOK = """
### erasure: take a person out of everything
**Owner** data-protection · **Impact** the published date is built again without the person.

Trigger it with `contact_id` (and `scope` = `restrict` to keep the data but contact nobody; `person` to erase the
person's other contacts too). The task removes the person from lake, quarantine and vault; the run it triggers rebuilds
the published date from what is stored and takes them out of every kept version. `marts.erasure_log` says what went,
without an identifier.
"""


@task
def erase() -> str:
    return airflow_tasks.erase(get_current_context())


@dag(
    dag_id="erasure",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={
        "contact_id": Param(type="string", minLength=1, description="the CRM's id of the person"),
        "scope": Param("erase", enum=["erase", "restrict"]),
        "person": Param(False, type="boolean", description="erase the person's other contacts too"),
    },
    default_args={"owner": "data-protection", "retries": 1, "retry_delay": timedelta(seconds=30)},
    render_template_as_native_obj=True,
    doc_md=RUNBOOK,
    tags=["userops"],
)
def erasure_dag() -> None:
    published = erase()
    publish_again = TriggerDagRunOperator(
        task_id="publish_again", trigger_dag_id="nightly", conf={"date": published, "rebuild": True}
    )
    chain(published, publish_again)


erasure_dag()
