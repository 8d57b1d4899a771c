"""Ask a person about a run held for its warnings; what an answer does is in `plugins/userops/gate/approval.py`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from userops.settings import Settings

RUNBOOK = """
### approval: publish a night in spite of its warnings
**Owner** data-platform · **Impact** readers keep the version they have until somebody answers.

`nightly` triggers it for a night that is held (USEROPS_HOLD_WARNINGS). The question stands under *Required actions*,
with every finding. *Approve* publishes the night in the name of who answered; *Reject*, or no answer in twelve hours,
leaves it held: have the files delivered again and run the night, or approve it later by
`userops approve --date D --by NAME`. Critical failures are never asked about.
"""


@task.short_circuit
def held() -> dict | None:
    """The findings that hold the night; the run ends here where it is not held."""
    from userops.gate import approval
    from userops.warehouse.connection import connect
    from userops.warehouse.location import warehouse_url

    with connect(warehouse_url(Settings.load()), "publisher") as connection:
        return approval.waiting(connection, get_current_context()["params"]["date"])


@task.short_circuit
def publish(night: dict, answer: dict) -> bool:
    """Publish in the person's name; what follows runs where another night was built since."""
    from userops.errors import UseropsError
    from userops.run import approve

    try:
        return approve(night["date"], answer["responded_by_user"]["name"]) is None
    except UseropsError as error:
        raise AirflowFailException(str(error)) from error


@dag(
    dag_id="approval",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=ZoneInfo(Settings.load().timezone)),
    catchup=False,
    params={"date": Param(type="string", format="date", description="business date of the held night, YYYY-MM-DD")},
    default_args={"owner": "data-platform", "retries": 1, "retry_delay": timedelta(seconds=30)},
    doc_md=RUNBOOK,
    tags=["userops"],
)
def approval_dag() -> None:
    night = held()
    # No answer in time is a Reject. It is asked again where Airflow lost the answer: one that comes before the
    # scheduler has seen the task wait makes the task fail (apache/airflow#67287).
    ask = ApprovalOperator(
        task_id="ask",
        subject="Publish the night of {{ params.date }} in spite of its warnings?",
        body="{{ ti.xcom_pull(task_ids='held')['findings'] }}",
        defaults=ApprovalOperator.REJECT,
        response_timeout=timedelta(hours=12),
    )
    night >> ask
    publish(night, ask.output) >> TriggerDagRunOperator(
        task_id="run_again", trigger_dag_id="nightly", conf={"date": "{{ params.date }}"}
    )


approval_dag()
