"""Ask a person about a run held for its warnings; the effect of an answer is in `plugins/userops/gate/approval.py`."""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Asset, Param, chain, dag, get_current_context, task

from userops import airflow_tasks

RUNBOOK = """
### approval: publish a run in spite of its warnings
**Owner** data-platform · **Impact** readers keep the version they have until somebody answers.

`nightly` triggers it for a run that is held (USEROPS_HOLD_WARNINGS). The question is under *Required actions*, with
every finding; the tab *Gate* of the held run of `nightly` asks the same, with trends and room for a reason. *Approve*
publishes the run in the name of who answered. *Reject*, or no answer in twelve hours, leaves
it held: have the files delivered again, or approve it later by `userops approve --date D --by NAME`. Critical failures
are never asked about.
"""


@task.short_circuit
def held() -> dict | None:
    return airflow_tasks.waiting(get_current_context())


@task.short_circuit(outlets=[Asset("userops://marts")])
def publish(run: dict, answer: dict) -> bool:
    # What follows runs only if another run has built since: then this date has to run again.
    return airflow_tasks.approve(run["date"], answer["responded_by_user"]["name"]) is None


@dag(
    dag_id="approval",
    schedule=None,
    catchup=False,
    params={"date": Param(type="string", format="date", description="business date of the held run, YYYY-MM-DD")},
    default_args={"owner": "data-platform", "retries": 1, "retry_delay": timedelta(seconds=30)},
    doc_md=RUNBOOK,
    tags=["userops"],
)
def approval_dag() -> None:
    run = held()
    # No answer in time is a Reject. Ask again if Airflow lost the answer: one that comes before the scheduler has seen
    # the task wait makes the task fail (apache/airflow#67287).
    ask = ApprovalOperator(
        task_id="ask",
        subject="Publish {{ params.date }} in spite of its warnings?",
        body="{{ ti.xcom_pull(task_ids='held')['findings'] }}",
        defaults=ApprovalOperator.REJECT,
        response_timeout=timedelta(hours=12),
    )
    run_again = TriggerDagRunOperator(task_id="run_again", trigger_dag_id="nightly", conf={"date": "{{ params.date }}"})
    chain(run, ask, publish(run, ask.output), run_again)


approval_dag()
