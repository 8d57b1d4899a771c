"""The whole dbt project builds on empty raw tables, and every unit test of a metric passes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from userops.ingest.tables import ensure_raw_tables
from userops.warehouse.dbt import environment
from userops.warehouse.pg import connect

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
