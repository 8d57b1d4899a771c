"""Runs the steps of a run from landing to marts, on any engine, without gate and publication."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from oracle.exports import Row
from oracle.warehouse import MAPS
from userops import run as steps
from userops.engines import open_engine
from userops.settings import PROJECT_ROOT, Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

MARTS = sorted(path.stem for path in (PROJECT_ROOT / "dbt_project" / "models" / "marts").rglob("*.sql"))
RELATIONS = (*MARTS, *(table for table, _ in MAPS.values()))
LOST = (
    "select business_date, file_name, state, reason from meta.load_files"
    " where state <> 'loaded' or rows_quarantined > 0"
)


def settings_of(url: str, place: Path, engine: str, timezone: str, project_root: Path = PROJECT_ROOT) -> Settings:
    """Settings of a business that lives in `place`: engines share its landing folder and its lake."""
    return Settings.load(
        {
            "USEROPS_DATABASE_URL": url,
            "USEROPS_ENGINE": engine,
            "USEROPS_HASH_KEY": "k" * 64,
            "USEROPS_HOME": str(place / engine),
            "USEROPS_LAKE": str(place / "lake"),
            "USEROPS_LANDING": str(place / "landing"),
            "USEROPS_PROJECT": str(project_root),
            "USEROPS_TIMEZONE": timezone,
        }
    )


def load(settings: Settings, day: date) -> None:
    """Store every file that is delivered and not stored; no row may be lost."""
    run = steps.begin(settings, day)
    for exports in run["work"].values():
        for export in exports:
            steps.ingest(settings, run, export)
    lease.release()
    with connect(settings.database_url) as connection:
        lost = connection.execute(LOST).fetchall()
    assert not lost, lost


def build(
    settings: Settings, day: date, *, scores: bool = True, relations: Iterable[str] = RELATIONS
) -> dict[str, list[Row]]:
    """Build as of the day, without `scores` only what needs none; returns the rows of the relations.

    Raises Blocked where a model or a test of the project fails.
    """
    run = steps.begin(settings, day)
    steps.prepare(settings, run)
    steps.resolve_identity(settings, run)
    steps.build(settings, run)
    if scores:
        steps.score(settings, run)
        steps.build_scored(settings, run)
    engine = open_engine(settings, settings.database_url, run["token"])
    rows = {name: engine.read(f"build.{name}").read_all().to_pylist() for name in relations}
    engine.close()
    lease.release()
    return rows
