"""The gate's own logic: definitions are refused when wrong, no answer blocks, severity decides."""

import subprocess
import sys
from datetime import date

import pytest

from userops.checks import CheckResult
from userops.errors import UseropsError
from userops.gate import runner
from userops.gate.decision import decide
from userops.gate.suites import Suite, load_suite, parse
from userops.settings import PROJECT_ROOT

BOUND = {"type": "expect_column_values_to_be_between", "column": "share", "max_value": 0.02}


def content(**changes: object) -> dict:
    check = {
        "name": "a",
        "subject": "orders",
        "severity": "critical",
        "query": "q",
        "expectations": [BOUND],
        "expected": "at most 2 %",
    }
    return {"layer": "raw", "queries": {"q": {"sql": "select 1"}}, "checks": [check | changes]}


def suite(**changes: object) -> Suite:
    return parse(content(**changes), "f")[1]


def result(severity: str, passed: bool) -> CheckResult:
    return CheckResult("c", "expectations", "orders", severity, passed, "x", "y")


def judged(given: Suite, row: dict[str, float | None], broken: dict[str, str] | None = None) -> CheckResult:
    measured = {"f:q": row} if row else {}
    return runner.judge(given.checks[0], measured, broken or {}, runner.evaluate(given, measured))


@pytest.mark.parametrize(
    ("results", "decision"),
    [
        ([], "block"),
        ([("critical", True)], "publish"),
        ([("critical", False), ("warning", False)], "block"),
        ([("warning", False), ("critical", True)], "warn"),
        ([("info", False)], "publish"),
    ],
)
def test_worst_failed_severity_decides(results: list[tuple[str, bool]], decision: str) -> None:
    assert decide([result(*r) for r in results]) == decision


@pytest.mark.parametrize("layer", ["raw", "marts"])
def test_committed_suites_load_and_expectations_exist(layer: str) -> None:
    loaded = load_suite(PROJECT_ROOT / "expectations", layer)
    columns = {f"{c.query}.{e.column}": 0.0 for c in loaded.checks for e in c.expectations}
    measured: dict = {}
    for name, value in columns.items():
        query, _, column = name.rpartition(".")
        measured.setdefault(query, {})[column] = value
    for check in loaded.checks:
        if check.enough:
            measured[check.query].setdefault(check.enough[0], 1e9)
    outcomes = runner.evaluate(loaded, measured)
    assert set(outcomes) == {check.key for check in loaded.checks}
    assert None not in outcomes.values()


@pytest.mark.parametrize(
    "changes",
    [{"severity": "x"}, {"query": "other"}, {"expectations": []}, {"surplus": 1}, {"expectations": [{"type": "x"}]}],
)
def test_a_wrong_definition_is_refused(changes: dict) -> None:
    with pytest.raises((ValueError, KeyError)):
        parse(content(**changes), "f")


def test_an_empty_folder_is_no_pass(tmp_path) -> None:
    with pytest.raises(UseropsError):
        load_suite(tmp_path, "raw")


def test_great_expectations_judges_the_bound() -> None:
    assert judged(suite(), {"share": 0.02}).passed
    failed = judged(suite(), {"share": 0.021})
    assert failed.blocks
    assert (failed.observed, failed.expected) == ("share 0.021", "at most 2 %")


def test_a_null_measure_is_no_answer_even_for_a_warning() -> None:
    found = judged(suite(severity="warning"), {"share": None})
    assert found.blocks
    assert found.observed == "no answer: no measure share"


def test_a_broken_query_blocks_and_names_its_reason() -> None:
    found = judged(suite(), {}, {"f:q": "UndefinedTable: relation raw.orders"})
    assert found.blocks
    assert "UndefinedTable" in found.observed


def test_a_broken_expectation_blocks() -> None:
    broken = suite(expectations=[{"type": "expect_column_values_to_match_regex", "column": "share", "regex": "("}])
    assert judged(broken, {"share": 0.0}).blocks


def test_below_the_least_volume_it_is_info() -> None:
    given = suite(enough={"column": "orders", "at_least": 100})
    little = judged(given, {"share": 0.5, "orders": 99})
    assert (little.severity, little.passed) == ("info", True)
    assert little.observed == "not enough history: orders 99 of 100"
    assert judged(given, {"share": 0.5, "orders": 100}).blocks


def test_placeholders_leave_casts_alone() -> None:
    bound = runner.PLACEHOLDER.sub(r"%(\1)s", "x::date < :business_date - 1 and :published::jsonb is null")
    assert bound == "x::date < %(business_date)s - 1 and %(published)s::jsonb is null"


def test_a_text_is_no_measure() -> None:
    with pytest.raises(ValueError, match="a measure is a str"):
        runner._number("13800138000")


def test_unreachable_checks_fail_critical(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise ValueError("0 rows where one was to come")

    monkeypatch.setattr(runner, "_one_row", gone)
    monkeypatch.setattr(runner, "read_published", lambda *_: "{}")
    results = runner.run_suite("", "raw", date(2024, 1, 1), None)
    assert results and all(r.blocks for r in results)


def test_importing_the_gate_stays_light() -> None:
    code = (
        "import sys; import userops.gate.runner, userops.gate.decision, userops.alerts.outbox;"
        "sys.exit(any(m in sys.modules for m in ('great_expectations', 'pandas', 'apprise')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
