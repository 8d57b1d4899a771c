"""The dbt project where nothing was delivered, on each engine, and dbt by hand after a run."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager

from conftest import fresh_database
from userops import run
from userops.settings import PROJECT_ROOT, Settings
from userops.transform import dbt
from userops.warehouse import lease

DAY = date(2024, 3, 1)
DBT = Path(sys.executable).parent / "dbt"
MARTS = {path.stem for path in (PROJECT_ROOT / "dbt_project" / "models" / "marts").rglob("*.sql")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose profile no other test writes."""
    root = tmp_path_factory.mktemp("checkout")
    for path in PROJECT_ROOT.iterdir():
        if path.name == "dbt_project":
            shutil.copytree(path, root / path.name, ignore=shutil.ignore_patterns("profiles.yml", "target", "logs"))
        elif not path.name.startswith("."):
            (root / path.name).symlink_to(path)
    return root


@pytest.fixture(scope="module", params=["postgres", "duckdb"])
def built(
    request: pytest.FixtureRequest, server_url: str, migrated: str, project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """A warehouse after the steps that build, without any delivery and before the gate, which would block it."""
    with fresh_database(server_url, migrated) as url:
        settings = Settings.load({
            "USEROPS_HOME": str(tmp_path_factory.mktemp(request.param)), "USEROPS_PROJECT": str(project),
            "USEROPS_DATABASE_URL": url, "USEROPS_HASH_KEY": "k" * 64, "USEROPS_ENGINE": request.param,
        })  # fmt: skip
        begun = run.begin(settings, DAY, rebuild=True)
        for step in (run.prepare, run.resolve_identity, run.build, run.score, run.build_scored):
            step(settings, begun)
        lease.release()
        yield settings


def test_a_business_that_delivers_nothing_has_every_mart_and_passes_every_test(built: Settings) -> None:
    with psycopg.connect(built.database_url) as connection:
        found = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'build'"
        ).fetchall()
        failed = connection.execute(
            "select check_name, subject, observed from meta.quality_results where not passed and severity <> 'info'"
        ).fetchall()
        people = connection.execute("select count(*) from build.users").fetchone()
    assert MARTS - {name for (name,) in found} == set()
    assert failed == []
    assert people == (0,)


def test_every_unit_test_passes(built: Settings) -> None:
    if built.engine != "postgres":
        pytest.skip("tests/unit/test_dbt_unit_tests.py runs them on DuckDB")
    done = dbt._invoke(built, ["test", "--select", "test_type:unit"])
    assert done.result is not None, done.exception
    results = {r.node.unique_id: r for r in done.result.results}
    assert {name for name in results if name.startswith("unit_test.")} == set(dbt.parse(built).unit_tests)
    assert {name: r.message for name, r in results.items() if r.status not in ("pass", "success")} == {}


def test_the_server_enforces_the_conditions_that_contracts_declare(built: Settings) -> None:
    if built.engine != "postgres":
        pytest.skip("marts are copied into the warehouse from there")
    declared: Counter = Counter()
    for node in dbt.parse(built).nodes.values():
        for column in node.columns.values() if node.resource_type == "model" else ():
            checks = sum(constraint.type.value == "check" for constraint in column.constraints)
            declared[node.name] += checks
            assert not checks or node.config.materialized != "view", node.name
    with psycopg.connect(built.database_url) as connection:
        rows = connection.execute(
            "select conrelid::regclass::text, count(*) from pg_constraint"
            " where contype = 'c' and connamespace = 'build'::regnamespace group by 1"
        )
        assert Counter({name.removeprefix("build."): checks for name, checks in rows}) == +declared


@pytest.mark.parametrize(
    "command", [["ls"], ["parse"], ["docs", "generate"], ["build", "--select", "users+"]], ids=lambda words: words[0]
)
def test_dbt_works_by_hand_without_arguments_in_schemas_of_its_own(
    built: Settings, project: Path, command: list[str]
) -> None:
    if built.engine != "postgres" and command[0] in ("ls", "parse"):
        pytest.skip("`docs generate` and `build` parse the project of this engine too")
    folder = project / "dbt_project"
    profile = (folder / "profiles.yml").read_text()
    assert f"type: {built.engine}" in profile
    DuckDBConnectionManager.close_all_connections()  # of this process: a file has one process at a time
    bare = {name: text for name, text in os.environ.items() if not name.startswith(("USEROPS_", "DBT_"))}
    done = subprocess.run(
        [DBT, *command], cwd=folder, env=bare, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-4000:]
    if command[0] == "build":
        results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
        relations = {name.replace('"', "").split(".")[-2] for r in results if (name := r["relation_name"])}
        assert {result["status"] for result in results} <= {"success", "pass", "no-op"}
        assert relations == {"dev_build", "dev_quality"}
