"""dbt's threads keep their connections between nodes, in the role of the profile, and get over one that breaks."""

from pathlib import Path

import psycopg
import pytest

from userops.settings import PROJECT_ROOT
from userops.transform import dbt, dbt_connections

ASKED = "select pg_backend_pid() as pid, current_user::text as role, current_setting('jit') as jit"
MODELS = {
    "first": ASKED,
    "second": f"{ASKED} from {{{{ ref('first') }}}}",
    # With models that hang on it, dbt takes it before the other that hangs on none.
    "broken": "select pg_terminate_backend(pg_backend_pid()) as ended",
    "after_broken": "select * from {{ ref('broken') }}",
    "again_after_broken": "select * from {{ ref('broken') }}",
    "other": ASKED,
}


@pytest.fixture
def project(tmp_path: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "dbt_project.yml").write_text("{name: kept, profile: userops, models: {+materialized: table}}\n")
    for name, statement in MODELS.items():
        (tmp_path / "models" / f"{name}.sql").write_text(statement)
    # A test ends in a rollback: the first of a connection took the role with it.
    (tmp_path / "tests" / "nothing_fails.sql").write_text("select 1 as one where false")
    for name, value in dbt.environment(warehouse_url).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def run(project: Path, *selected: str) -> dict[str, str]:
    from dbt.cli.main import dbtRunner

    done = dbtRunner().invoke([
        "build", "--project-dir", str(project), "--profiles-dir", str(PROJECT_ROOT / "dbt_project"), "--quiet",
        "--threads", "1", "--target-path", str(project / "target"), "--log-path", str(project), "--select", *selected,
    ])
    return {result.node.name: str(result.status) for result in done.result}


def asked(url: str) -> dict[str, tuple[int, str, str]]:
    with psycopg.connect(url) as connection:
        return {name: connection.execute(f"select * from build.{name}").fetchone() for name in ("first", "second")}


def test_nodes_share_a_connection_in_the_role_of_the_profile(project: Path, warehouse_url: str) -> None:
    run(project, "nothing_fails", "first", "second")
    apart = asked(warehouse_url)
    assert apart["first"][0] != apart["second"][0]
    with dbt_connections.kept():
        assert set(run(project, "nothing_fails", "first", "second").values()) == {"pass", "success"}
    kept = asked(warehouse_url)
    assert kept["first"][0] == kept["second"][0]
    assert {session[1:] for session in kept.values()} == {("transformer", "off")}
    with psycopg.connect(warehouse_url) as connection:
        left = "select count(*) from pg_stat_activity where pid = %s"
        assert connection.execute(left, [kept["first"][0]]).fetchone() == (0,)


def test_a_broken_connection_fails_its_node_alone(project: Path) -> None:
    with dbt_connections.kept():
        statuses = run(project, "broken+", "other")
    assert statuses == {
        "broken": "error", "after_broken": "skipped", "again_after_broken": "skipped", "other": "success",
    }
