"""The whole dbt project builds on empty raw tables, and every unit test of a metric passes."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg

from userops.ingest.tables import ensure_raw_tables
from userops.transform.dbt import environment
from userops.warehouse.connection import connect

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


def test_a_business_that_delivers_nothing_builds_and_unit_tests_pass(warehouse_url, tmp_path):
    with connect(warehouse_url, "loader") as connection:
        ensure_raw_tables(connection)
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "dbt"),
            "build",
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--target-path",
            str(tmp_path / "target"),
            "--log-path",
            str(tmp_path / "logs"),
            "--vars",
            json.dumps({"business_date": "2024-03-01"}),
            "--threads",
            "2",
            "--no-use-colors",
        ],
        env=os.environ | environment(warehouse_url),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    unit_tests = [r for r in results if r["unique_id"].startswith("unit_test.")]
    assert len(unit_tests) >= 30
    assert {r["status"] for r in results} <= {"pass", "success"}
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    assert enforced(warehouse_url) == declared(manifest)
    assert owners(warehouse_url) == {"transformer"}


def owners(url: str) -> set[str]:
    """Who owns the functions that the run made: a night, in the transformer's role, has to be able to replace them."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select proowner::regrole::text from pg_proc where pronamespace = 'build'::regnamespace"
        ).fetchall()
    return {row[0] for row in rows}


def declared(manifest: dict) -> Counter:
    """Conditions on the columns of a mart, by mart; a view cannot hold any."""
    found: Counter = Counter()
    for node in manifest["nodes"].values():
        for column in node.get("columns", {}).values():
            checks = sum(constraint["type"] == "check" for constraint in column.get("constraints") or ())
            found[node["name"]] += checks
            assert not checks or node["config"]["materialized"] != "view", node["name"]
    return +found


def enforced(url: str) -> Counter:
    """Conditions that the server asks of every row of a mart."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select conrelid::regclass::text, count(*) from pg_constraint"
            " where contype = 'c' and connamespace = 'build'::regnamespace group by 1"
        )
        return Counter({name.removeprefix("build."): checks for name, checks in rows})
