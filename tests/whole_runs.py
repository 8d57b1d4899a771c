"""A whole run in the process of the tests: every step, as the DAG calls them, without Airflow."""

from datetime import date

from userops import run
from userops.settings import Settings


def run_whole(settings: Settings, day: date | None, **options: object) -> None:
    """From `begin` to `serve`; raises Blocked where a check blocks."""
    begun = run.begin(settings, day, **options)
    for exports in begun["work"].values():
        for export in exports:
            run.ingest(settings, begun, export)
    for step in run.STEPS[run.STEPS.index("prepare") :]:
        getattr(run, step)(settings, begun)
