"""May this night build on the last one? Only where everything that was built then still stands.

The answer is dbt's variable `incremental`; what it means to the models stands in `dbt_project/macros/nights.sql`.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import psycopg
from psycopg import sql

from userops.privacy import erasure
from userops.settings import Settings

# The models that name what a night may have changed, and by which columns: a mart's `changed_by` is one of them.
CHANGES = {"int_touched_users": ("user_id",), "int_retags": ("user_id", "tag_code")}


@dataclass(frozen=True)
class Plan:
    """How to build: on the last night, or whole for the reason `why`; and what to remember afterwards."""

    business_date: date
    load_id: int
    fingerprint: str
    why: str

    @property
    def incremental(self) -> bool:
        return not self.why


def fingerprint(settings: Settings) -> str:
    """A hash of code and configuration that what was built depends on."""
    digest = hashlib.sha256(f"{version('dbt-core')} {settings.timezone} {settings.currency}".encode())
    root = settings.project_root / "dbt_project"
    for path in sorted(p for p in root.rglob("*") if p.suffix in {".sql", ".yml", ".csv"} and _is_code(p, root)):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def _is_code(path: Path, root: Path) -> bool:
    return path.relative_to(root).parts[0] not in {"target", "logs", "dbt_packages"}


def plan(connection: psycopg.Connection, settings: Settings, business_date: date) -> Plan:
    """Decide, in the role transformer, and forget what stands: a build that is cut off leaves nothing to build on.

    The caller commits.
    """
    now = fingerprint(settings)
    newest = connection.execute("select coalesce(max(load_id), 0) from meta.load_files").fetchone()[0]
    why = _why_whole(connection, now, business_date)
    erasure.note_users(connection)
    if why:
        # The models of the night compare with this row: where all is built anew there is nothing to compare with.
        connection.execute("delete from meta.build_state")
    else:
        connection.execute("update meta.build_state set fingerprint = 'building'")
    return Plan(business_date, newest, now, why)


def remember(connection: psycopg.Connection, plan: Plan) -> None:
    """Every model was built: the next night may build on it (the caller commits)."""
    _log_build(connection, plan)
    connection.execute("delete from meta.build_state")
    connection.execute(
        "insert into meta.build_state (business_date, load_id, fingerprint, loads) values (%s, %s, %s,"
        " (select count(*) from meta.load_files where state = 'loaded' and load_id <= %s and business_date <= %s))",
        [plan.business_date, plan.load_id, plan.fingerprint, plan.load_id, plan.business_date],
    )


def _log_build(connection: psycopg.Connection, plan: Plan) -> None:
    """Say which rows this build may have changed, so that a publication looks at no others."""
    build_id = connection.execute(
        "insert into meta.builds (business_date, whole) values (%s, %s) returning build_id",
        [plan.business_date, not plan.incremental],
    ).fetchone()[0]
    if plan.incremental:
        for model, columns in CHANGES.items():
            connection.execute(
                sql.SQL("insert into build.touched_log (build_id, named_by, {0}) select distinct %s, %s, {0} from {1}")
                .format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("build", model)),
                [build_id, model],
            )
    connection.execute("delete from build.touched_log where build_id <= (select min(build_id) from meta.slot_contents)")


TAKEN_BACK = (
    "select state.loads <> (select count(*) from meta.load_files as files where files.state = 'loaded'"
    " and files.load_id <= state.load_id and files.business_date <= state.business_date) from meta.build_state as state"
)


def _why_whole(connection: psycopg.Connection, fingerprint_now: str, day: date) -> str:
    state = connection.execute("select business_date, fingerprint from meta.build_state").fetchone()
    if state is None:
        return "nothing was built yet"
    if state[1] == "building":
        return "the last build was cut off"
    if state[1] != fingerprint_now:
        return "code or configuration changed"
    if day < state[0]:
        return f"{state[0]} was built before"
    if connection.execute(TAKEN_BACK).fetchone()[0]:
        return "a delivery was taken back or replaced"
    return ""
