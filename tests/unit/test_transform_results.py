"""What dbt's results mean to the gate, and what a part of the project delivers."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from userops.settings import Settings
from userops.transform import dbt, project


def result(resource_type: str, folder: str, status: str, severity: str = "error") -> SimpleNamespace:
    node = SimpleNamespace(
        name="n", unique_id=f"{resource_type}.userops.n", resource_type=resource_type, fqn=["userops", folder, "n"],
        config=SimpleNamespace(severity=severity),
    )  # fmt: skip
    return SimpleNamespace(
        node=node, status=status, failures=None, message="it broke", execution_time=0.1, adapter_response={}
    )


@pytest.mark.parametrize(
    ("given", "severity", "passed"),
    [
        (result("model", "marts", "error"), "critical", False),
        (result("model", "quality", "error"), "info", False),
        (result("model", "quality", "success"), "info", True),
        (result("test", "marts", "fail"), "critical", False),
        (result("test", "marts", "warn"), "warning", False),
        (result("test", "marts", "pass", "warn"), "warning", True),
    ],
)
def test_a_measure_that_fails_is_told_by_the_checks_that_read_it(given, severity: str, passed: bool) -> None:
    (found,) = dbt.check_results([given])
    assert (found.severity, found.passed) == (severity, passed)


def test_what_was_skipped_is_no_result() -> None:
    assert dbt.check_results([result("model", "marts", "skipped")]) == []


def test_what_others_read_is_delivered(tmp_path: Path) -> None:
    folders = {
        "users": "marts.user", "int_orders": "intermediate", "map_contact_user": "intermediate.identity",
        "recent_orders": "quality.raw.recent", "order_days": "quality.raw.amounts", "order_rows": "quality.raw.amounts",
        "user_totals": "quality.marts",
    }  # fmt: skip
    nodes = {
        name: {
            "resource_type": "model", "name": name, "alias": name, "fqn": ["userops", *folder.split("."), name],
            "schema": "quality" if folder.startswith("quality") else "build",
            "config": {"materialized": "view" if name == "order_days" else "table"},
        }
        for name, folder in folders.items()
    }  # fmt: skip
    nodes["a_test"] = {"resource_type": "test", "fqn": ["userops", "marts", "a_test"], "name": "a_test"}
    (tmp_path / "dbt").mkdir()
    (tmp_path / "dbt/manifest.json").write_text(json.dumps({"nodes": nodes}))
    settings = Settings.load({"USEROPS_HOME": str(tmp_path)})
    assert project.delivered(settings, "prepare") == ["quality.order_rows"]
    assert project.delivered(settings, "build") == []
    assert project.delivered(settings, "scored") == ["build.map_contact_user", "build.users", "quality.user_totals"]


def test_the_project_is_written_when_it_was_parsed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(manifest: str, folder: str) -> None:
        for name in ("manifest.json", "semantic_manifest.json"):
            (Path(folder) / name).write_text(manifest)

    monkeypatch.setattr("dbt.parser.manifest.write_manifest", write)
    parsed, written = tmp_path / "partial_parse.msgpack", tmp_path / "manifest.json"
    parsed.touch()
    dbt._write_artifacts("first", tmp_path)
    dbt._write_artifacts("the same", tmp_path)
    assert written.read_text() == "first"
    later = written.stat().st_mtime + 1
    os.utime(parsed, (later, later))
    dbt._write_artifacts("second", tmp_path)
    assert written.read_text() == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "manifest.json", "partial_parse.msgpack", "semantic_manifest.json"
    ]
