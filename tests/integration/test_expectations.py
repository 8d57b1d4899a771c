"""Great Expectations over small tables: every expectation passes, fails and abstains as it says; no answer fails.

The tables have the columns of the measures, filled from the expectations themselves: what models measure is tested
beside the models.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from userops.checks import CheckResult
from userops.gate import docs, run_checkpoint
from userops.gate.decision import decide
from userops.settings import PROJECT_ROOT, Settings

RUN = {"run_id": "2024-03-01-test"}
TEXTS = ("export", "mart", "column_name", "kind", "reference", "figure", "subject")
FOLDER = PROJECT_ROOT / "expectations"
SUITES = {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "suites").glob("*.json"))}
CHECKS = {
    layer: {
        (expectation["meta"]["check"], expectation["severity"])
        for each in json.loads((FOLDER / f"checkpoints/{layer}.json").read_text())["validation_definitions"]
        for expectation in SUITES[each["name"]]["expectations"]
    }
    for layer in ("raw", "marts")
}


def comparisons(expectation: dict) -> list[dict]:
    condition = expectation["kwargs"].get("row_condition") or {"conditions": []}
    return condition.get("conditions", [condition])


def selected(expectation: dict) -> str:
    """Which rows an expectation is about, whatever their number."""
    return json.dumps([each for each in comparisons(expectation) if each["operator"] != ">="])


def a_row(columns: list[str], expectations: list[dict], kind: str) -> dict[str, Any]:
    """A row that meets these expectations, is beyond all their bounds (`bad`) or below all least volumes (`few`)."""
    row: dict[str, Any] = {name: "a" if name in TEXTS else 0 for name in columns}
    conditions = [each for expectation in expectations for each in comparisons(expectation)]
    for each in conditions:
        if each["operator"] != ">=":
            row[each["column"]["name"]] = "b" if each["operator"] == "!=" else each["parameter"]
    for name, values in grouped((e["column"]["name"], e["parameter"]) for e in conditions if e["operator"] == ">="):
        row[name] = min(values) - 1 if kind == "few" else max(values)
    given = [expectation["kwargs"] for expectation in expectations]
    for name, lows in grouped((kwargs["column"], kwargs["min_value"]) for kwargs in given if "min_value" in kwargs):
        row[name] = min(lows) - 1 if kind == "bad" else max(lows)
    for name, highs in grouped((kwargs["column"], kwargs["max_value"]) for kwargs in given if "max_value" in kwargs):
        row[name] = max(highs) + 1 if kind == "bad" else min(highs)
    return row


def grouped(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return list(found.items())


def table_of(asset: str, kind: str) -> list[dict[str, Any]]:
    """One row for each set of rows that the suite's expectations are about."""
    by_rows = grouped((selected(expectation), expectation) for expectation in SUITES[asset]["expectations"])
    return [a_row(COLUMNS[asset], expectations, kind) for _, expectations in by_rows]


def _columns() -> dict[str, list[str]]:
    found = {}
    for path in (PROJECT_ROOT / "dbt_project/models/quality").rglob("_*__models.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            found[model["name"]] = [column["name"] for column in model["columns"]]
    return found


COLUMNS = _columns()


def make(url: str, asset: str, rows: list[dict[str, Any]]) -> None:
    columns = ", ".join(f"{name} {'text' if name in TEXTS else 'double precision'}" for name in COLUMNS[asset])
    with psycopg.connect(url) as connection:
        connection.execute("set role transformer")
        connection.execute(f"drop table if exists quality.{asset}")
        connection.execute(f"create table quality.{asset} ({columns})")
        for row in rows:
            places = ", ".join(["%s"] * len(row))
            connection.execute(f"insert into quality.{asset} ({', '.join(row)}) values ({places})", [*row.values()])


def settings(tmp_path: Path, project: Path = PROJECT_ROOT) -> Settings:
    return Settings.load({"USEROPS_HOME": str(tmp_path), "USEROPS_PROJECT": str(project)})


@pytest.fixture
def measures(warehouse_url: str) -> Iterator[str]:
    """Every measure with rows that meet all expectations."""
    for asset in SUITES:
        make(warehouse_url, asset, table_of(asset, "good"))
    yield warehouse_url


def by_check(results: list[CheckResult]) -> dict[str, CheckResult]:
    """The worst result of each check."""
    return {r.check: r for r in sorted(results, key=lambda r: (not r.passed, r.severity != "info"))}


@pytest.mark.parametrize("layer", ["raw", "marts"])
def test_what_meets_every_expectation_passes(measures: str, tmp_path: Path, layer: str) -> None:
    results = run_checkpoint(settings(tmp_path), measures, layer, RUN)
    assert [r for r in results if not r.passed] == []
    assert {(r.check, r.severity) for r in results if r.severity != "info"} == CHECKS[layer]
    assert decide(results) == "publish"


@pytest.mark.parametrize("layer", ["raw", "marts"])
def test_every_expectation_fails_with_its_severity(measures: str, tmp_path: Path, layer: str) -> None:
    for asset in SUITES:
        make(measures, asset, table_of(asset, "bad"))
    results = run_checkpoint(settings(tmp_path), measures, layer, RUN)
    assert {(r.check, r.severity) for r in results if not r.passed} == CHECKS[layer]
    assert decide(results) == "block"
    for result in results:
        assert "runbook expectations/README.md#" in result.detail or result.passed
        assert "{" not in result.observed and "no answer" not in result.observed, result


def test_findings_are_in_chinese_where_it_is_set(measures: str, tmp_path: Path) -> None:
    for asset in SUITES:
        make(measures, asset, table_of(asset, "bad"))
    chinese = settings(tmp_path).model_copy(update={"language": "zh"})
    failed = [r for r in run_checkpoint(chinese, measures, "marts", RUN) if not r.passed]
    assert {(r.check, r.severity) for r in failed} == CHECKS["marts"], "the verdict does not depend on the language"
    for result in failed:
        for text in (result.observed, result.expected, result.detail):
            assert re.search("[\u4e00-\u9fff]", text) and "{" not in text, result


def test_below_its_least_volume_nothing_blocks(measures: str, tmp_path: Path) -> None:
    for asset in SUITES:
        make(measures, asset, table_of(asset, "few"))
    results = run_checkpoint(settings(tmp_path), measures, "raw", RUN)
    assert [r for r in results if r.blocks] == []
    told = {r.check: r.observed for r in results if r.severity == "info"}
    assert told["orders_differ_from_lines"] == "not enough to tell: orders compared 4, judged from 100"
    assert told["snapshot_shrunk"] == "not enough to tell: rows before 2, judged from 3"


def test_a_measure_that_is_not_there_or_null_fails_its_checks_alone_and_an_empty_one_passes(
    measures: str, tmp_path: Path
) -> None:
    make(measures, "export_hours", [])
    with psycopg.connect(measures) as admin:
        admin.execute("drop table quality.export_volume; alter table quality.order_rows drop column off_deviation")
        admin.execute("update quality.export_mix set move_beyond_usual = null")
    results = run_checkpoint(settings(tmp_path), measures, "raw", RUN)
    failed = {(r.check, r.severity) for r in results if not r.passed}
    assert failed == {
        ("day_volume_collapsed", "critical"), ("rows_missing", "critical"), ("day_volume_unusual", "warning"),
        ("amounts_do_not_add_up", "critical"), ("category_mix", "warning"),
    }  # fmt: skip
    assert all(r.observed.startswith("no answer: ") for r in results if not r.passed)
    found = by_check(results)
    assert "off_deviation" in found["amounts_do_not_add_up"].observed
    assert found["category_mix"].observed == "no answer: move beyond usual was not measured"
    empty = found["hours_shifted"]
    assert (empty.severity, empty.passed, empty.observed) == ("info", True, "nothing to measure")


def test_without_a_server_every_check_fails_with_its_severity(tmp_path: Path) -> None:
    results = run_checkpoint(settings(tmp_path), "postgresql://u@127.0.0.1:1/none", "marts", RUN)
    assert {(r.check, r.severity) for r in results} == CHECKS["marts"]
    assert not any(r.passed for r in results)


def test_a_query_that_takes_too_long_has_no_answer(
    measures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("context", "runner"):
        monkeypatch.setattr(f"userops.gate.{module}.LONGEST_QUERY", "200ms")
    with psycopg.connect(measures) as admin:
        admin.execute("drop table quality.day_net; set role transformer")
        admin.execute(
            "create view quality.day_net as select 'users' as mart, 99.0 as history_days, 99.0 as usual_orders,"
            " 1.0 as net, 1.0 as usual_net, 1.0 as ratio from (select pg_sleep(5)) as slow offset 0"
        )
    found = by_check(run_checkpoint(settings(tmp_path), measures, "marts", RUN))["day_net_unusual"]
    with psycopg.connect(measures) as admin:
        admin.execute("drop view quality.day_net")
    assert (found.passed, found.severity) == (False, "warning")
    assert "timeout" in found.observed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of expectations/ that may be changed."""
    shutil.copytree(PROJECT_ROOT / "expectations", tmp_path / "project/expectations")
    return tmp_path / "project"


def test_a_broken_suite_blocks(measures: str, tmp_path: Path, project: Path) -> None:
    (project / "expectations/suites/order_rows.json").write_text("{")
    (found,) = run_checkpoint(settings(tmp_path, project), measures, "raw", RUN)
    assert found.blocks
    assert found.observed.startswith("no answer: ")


def add_as_documented(url: str, home: Path, project: Path) -> None:
    """What the documentation of Great Expectations says, and nothing else."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("USEROPS_DATABASE_URL", f"{url}?options=-csearch_path%3Dquality%2Cbuild")
        environment.setenv("USEROPS_HOME", str(home))
        context = gx.get_context(mode="file", context_root_dir=project / "expectations")
        suite = context.suites.get("user_totals")
        suite.add_expectation(gxe.ExpectColumnMaxToBeBetween(column="users", max_value=2))


def add_by_hand(url: str, home: Path, project: Path) -> None:
    path = project / "expectations/suites/user_totals.json"
    suite = json.loads(path.read_text())
    kwargs = {"column": "users", "max_value": 2}
    suite["expectations"].append(
        {"type": "expect_column_max_to_be_between", "kwargs": kwargs, "severity": "critical"}
    )
    path.write_text(json.dumps(suite))


@pytest.mark.parametrize("add", [add_as_documented, add_by_hand])
def test_an_expectation_written_from_the_documentation_blocks(
    measures: str, tmp_path: Path, project: Path, add: Callable[[str, Path, Path], None]
) -> None:
    assert all(row["users"] > 2 for row in table_of("user_totals", "good"))
    add(measures, tmp_path, project)
    (found,) = (r for r in run_checkpoint(settings(tmp_path, project), measures, "marts", RUN) if not r.passed)
    assert found.blocks
    assert found.check == "expect_column_max_to_be_between.users"
    assert found.expected == "expect_column_max_to_be_between: column users, max_value 2.0"


def test_a_table_of_another_schema_is_judged_without_reading_its_cells(
    measures: str, tmp_path: Path, project: Path
) -> None:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    with psycopg.connect(measures) as admin:
        admin.execute("set role transformer")
        admin.execute("create table build.people as select 'lin@example.com' as user_id, -1 as net")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("USEROPS_DATABASE_URL", f"{measures}?options=-csearch_path%3Dquality%2Cbuild")
        environment.setenv("USEROPS_HOME", str(tmp_path))
        context = gx.get_context(mode="file", context_root_dir=project / "expectations")
        asset = context.data_sources.get("warehouse").add_table_asset("people")
        suite = context.suites.add(gx.ExpectationSuite("people"))
        suite.add_expectation(gxe.ExpectColumnValuesToBeBetween(column="net", min_value=0, severity="warning"))
        suite.add_expectation(gxe.ExpectTableRowCountToBeBetween(min_value=2, severity="info"))
        suite.add_expectation(gxe.ExpectColumnValuesToMatchRegex(column="user_id", regex="^u_"))
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(name="people", data=asset.add_batch_definition_whole_table("all rows"), suite=suite)
        )
        checkpoint = context.checkpoints.get("marts")
        checkpoint.validation_definitions.append(definition)
        checkpoint.save()
    results = [r for r in run_checkpoint(settings(tmp_path, project), measures, "marts", RUN) if r.subject == "people"]
    assert {(r.check, r.severity, r.observed) for r in results} == {
        ("expect_column_values_to_be_between.net", "warning", "1 of 1 rows are not as expected"),
        ("expect_table_row_count_to_be_between", "info", "1"),
        ("expect_column_values_to_match_regex.user_id", "critical", "1 of 1 rows are not as expected"),
    }
    assert not any(r.passed for r in results)


def test_the_environment_of_the_process_does_not_move_the_gate(
    measures: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USEROPS_DATABASE_URL", "postgresql://u@127.0.0.1:1/none")
    monkeypatch.setenv("USEROPS_HOME", str(tmp_path / "elsewhere"))
    assert all(r.passed for r in run_checkpoint(settings(tmp_path / "here"), measures, "marts", RUN))
    assert (tmp_path / "here/data_docs/results/day_net").is_dir()
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_written_into_the_project(measures: str, tmp_path: Path, project: Path) -> None:
    def content() -> dict[str, str]:
        return {str(path): path.read_text() for path in project.rglob("*") if path.is_file()}

    before = content()
    run_checkpoint(settings(tmp_path, project), measures, "marts", RUN)
    assert content() == before


def test_data_docs_show_the_last_run_offline(measures: str, tmp_path: Path) -> None:
    for _ in range(2):
        run_checkpoint(settings(tmp_path), measures, "marts", RUN)
    index = docs.build(settings(tmp_path), measures)
    pages = sorted(path.name for path in index.parent.glob("validations/**/*.html"))
    assert pages == ["warehouse-day_net.html", "warehouse-stage_mix.html", "warehouse-user_totals.html"]
    text = index.read_text()
    assert "<script src=" not in text and "https://cdn" not in text
