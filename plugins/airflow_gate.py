"""The gate on the page of a run in Airflow: its tab *Gate* shows what `userops.airflow_gate` serves."""

from functools import cache

from airflow.plugins_manager import AirflowPlugin


@cache
def _app():
    from userops.airflow_gate import build_app

    return build_app()


async def app(scope, receive, send) -> None:
    """The app, imported at its first request: every process of Airflow loads plugins, and one of them serves pages."""
    await _app()(scope, receive, send)


class UseropsGate(AirflowPlugin):
    """The app, and the tab that shows it; it asks for access itself, as Airflow protects no app of a plugin."""

    name = "userops_gate"
    fastapi_apps = [{"app": app, "url_prefix": "/userops-gate", "name": "userops gate"}]
    external_views = [
        {
            "name": "Gate",
            "href": "userops-gate/{DAG_ID}/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "userops_gate",
        }
    ]
