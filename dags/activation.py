"""Export audiences after each publication; `activation.yml` says which, `plugins/userops/activation/` how."""

from datetime import timedelta

from airflow.sdk import Asset, dag, task

from userops import airflow_tasks

RUNBOOK = """
### activation: audiences for ad platforms and WeCom
**Owner** data-platform · **Impact** platforms keep the audience of the publication before.

`nightly` triggers it by publishing. Each entry of `activation.yml` is a task of its own; its files are below
`USEROPS_HOME/activation/`, with a manifest that says of which version they are, and what entered and left since the
last export. It holds nobody who opted out, is restricted or was erased.

1. A task failed: run it again at any time. Tags in WeCom go on where they stopped.
2. The audience is wrong: `userops rollback`, then clear the tasks. The next export says who has to leave.
3. It must stop: pause this DAG.
"""


@task
def list_destinations() -> list[dict]:
    return airflow_tasks.list_destinations()


@task(
    map_index_template="{{ task.op_kwargs['destination']['audience'] }} {{ task.op_kwargs['destination']['format'] }}",
    retries=3, retry_delay=timedelta(minutes=5),
)
def export(destination: dict) -> dict:
    return airflow_tasks.activate(destination)


@dag(
    dag_id="activation",
    schedule=[Asset("userops://marts")],
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "data-platform", "retries": 1, "retry_delay": timedelta(seconds=30)},
    doc_md=RUNBOOK,
    tags=["userops"],
)
def activation_dag() -> None:
    export.expand(destination=list_destinations())


activation_dag()
