"""Every unit test of the dbt project, on DuckDB in this process."""

from datetime import date
from pathlib import Path

import empty_sources
from userops.settings import Settings
from userops.transform import dbt


def test_every_unit_test_of_the_project_passes(tmp_path: Path) -> None:
    settings = Settings.load({"USEROPS_HOME": str(tmp_path)})
    empty_sources.prepared(settings, date(2024, 3, 1))
    # A model has to exist for its unit tests to know its columns: each is built before those that read it.
    done = dbt._invoke(settings, ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "exposure"])
    assert done.result is not None, done.exception
    failed = {r.node.name: r.message for r in done.result.results if r.status not in ("success", "pass")}
    assert failed == {}
    ran = {r.node.unique_id for r in done.result.results}
    assert set(dbt.parse(settings).unit_tests) <= ran
