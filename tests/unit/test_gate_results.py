"""From answers to check results: least volumes are info, no answer is a failure, severity decides."""

import subprocess
import sys
from dataclasses import replace

import pytest

from userops.checks import CheckResult
from userops.gate import docs
from userops.gate.conditions import too_few, unmet
from userops.gate.context import connection_string
from userops.gate.decision import decide
from userops.gate.results import Answer, Expectation, merged, results_of
from userops.gate.wording import with_reasons

SHARE = Expectation(
    check="orders_off", severity="critical", expected="at most 2 %", asset="order_rows", column="share",
    condition={
        "type": "and",
        "conditions": [
            {"type": "comparison", "column": {"name": "kind"}, "operator": "==", "parameter": "empty"},
            {"type": "comparison", "column": {"name": "rows"}, "operator": ">=", "parameter": 20},
        ],
    },
    found="{column_name} is off in {share:.0%} of {rows:,} rows", help="owner commerce",
)  # fmt: skip
FAILED = Answer(False, unexpected=frozenset({("orders", "city", "empty")}))


def row(export: str = "orders", column: str = "city", kind: str = "empty", rows: int = 4210, share: float | None = 0.5):
    return {"export": export, "column_name": column, "kind": kind, "rows": rows, "share": share}


def result(severity: str, passed: bool, check: str = "c", observed: str = "x") -> CheckResult:
    return CheckResult(check, "expectations", "orders", severity, passed, observed, "y")


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


def test_what_a_finding_says_beside_its_sentence_is_in_the_language_asked_for() -> None:
    chinese = replace(SHARE, language="zh", found="{column_name} 在 {rows:,} 行中有 {share:.0%} 不符")
    assert results_of(chinese, FAILED, [row()])[0].observed == "city 在 4,210 行中有 50% 不符"
    assert results_of(chinese, Answer(None, "down"), [])[0].observed == "没有结果：down"
    assert results_of(chinese, FAILED, [row(share=None)])[0].observed == "没有结果：share 未被度量"
    assert results_of(chinese, Answer(True), [row(rows=3)])[0].observed == "数据量不足以判断：rows 为 3，从 20 起判断"
    assert results_of(chinese, Answer(True), [])[0].observed == "无可度量"


def test_one_result_per_subject_in_plain_words() -> None:
    rows = [row(), row(column="age", share=0.1), row("contacts", share=0.01)]
    found = results_of(SHARE, FAILED, rows)
    assert [(r.subject, r.passed, r.severity) for r in found] == [
        ("contacts", True, "critical"), ("orders", False, "critical"),
    ]  # fmt: skip
    assert found[1].observed == "city is off in 50% of 4,210 rows"
    assert (found[1].expected, found[1].detail) == ("at most 2 %", "owner commerce")
    assert found[0].observed == "city is off in 1% of 4,210 rows"


def test_the_worst_three_are_named() -> None:
    rows = [row(column=name, share=0.1 * number) for number, name in enumerate("abcde", 1)]
    every = Answer(False, unexpected=frozenset(("orders", name, "empty") for name in "abcde"))
    (found,) = results_of(SHARE, every, rows)
    assert found.observed == (
        "e is off in 50% of 4,210 rows; d is off in 40% of 4,210 rows; c is off in 30% of 4,210 rows; and 2 more"
    )


def test_a_failure_without_named_rows_fails_every_row_it_judged() -> None:
    found = results_of(SHARE, Answer(False), [row(), row("contacts"), row("events", rows=3)])
    assert [(r.subject, r.passed, r.severity) for r in found] == [
        ("contacts", False, "critical"), ("orders", False, "critical"), ("events", True, "info"),
    ]  # fmt: skip


def test_too_little_is_info_and_other_rows_are_not_meant() -> None:
    found = results_of(SHARE, Answer(True), [row(rows=19), row("contacts", kind="word")])
    assert [(r.subject, r.severity, r.passed) for r in found] == [("orders", "info", True)]
    assert found[0].observed == "not enough to tell: rows 19, judged from 20"


def test_a_subject_with_a_row_that_tells_is_judged_by_it() -> None:
    (found,) = results_of(SHARE, Answer(True), [row(), row(column="age", rows=3)])
    assert (found.severity, found.passed) == ("critical", True)


def test_nothing_to_measure_is_info() -> None:
    (found,) = results_of(SHARE, Answer(True), [])
    assert (found.subject, found.severity, found.observed) == ("order_rows", "info", "nothing to measure")


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_no_answer_fails_with_its_own_severity(severity: str) -> None:
    given = Expectation("c", severity, "y", "order_rows", "share")
    (found,) = results_of(given, Answer(None, "relation does not exist"), None)
    assert (found.passed, found.severity) == (False, severity)
    assert found.observed == "no answer: relation does not exist"


def test_a_figure_that_was_not_measured_fails() -> None:
    (found,) = results_of(SHARE, Answer(True), [row(share=None)])
    assert not found.passed
    assert found.observed == "no answer: share was not measured"


def test_a_text_that_is_no_name_never_leaves_the_warehouse() -> None:
    (found,) = results_of(SHARE, Answer(True), [row(column="lin@example.com")])
    assert not found.passed
    assert found.observed == "no answer: column_name holds a text that is no name"


def test_words_that_do_not_fit_the_row_fall_back_on_the_column() -> None:
    given = Expectation("c", "critical", "y", "order_rows", "share", found="{nothing}")
    (found,) = results_of(given, Answer(True), [row(share=0.25)])
    assert found.observed == "share is 0.25"


def test_a_table_that_is_no_measure_gives_one_result() -> None:
    (found,) = results_of(SHARE, Answer(False, "3 of 9 rows are not as expected"), None)
    assert (found.subject, found.passed, found.observed) == ("order_rows", False, "3 of 9 rows are not as expected")


def test_several_expectations_may_be_one_check() -> None:
    failed = result("critical", False, observed="too few")
    (found,) = merged([result("critical", True), failed, result("info", True)])
    assert (found.passed, found.observed) == (False, "too few")
    (found,) = merged([result("info", True, observed="not enough"), result("warning", True, observed="fine")])
    assert (found.severity, found.observed) == ("warning", "fine")
    assert len(merged([result("critical", True), result("critical", True, check="d")])) == 2


def test_conditions_as_great_expectations_writes_them() -> None:
    least = {"type": "comparison", "column": {"name": "rows"}, "operator": ">", "parameter": 5}
    null = {"type": "nullity", "column": {"name": "share"}, "is_null": True}
    listed = {"type": "comparison", "column": {"name": "export"}, "operator": "IN", "parameter": ["orders", "events"]}
    either = {"type": "or", "conditions": [null, listed]}
    assert unmet(None, row()) == []
    assert unmet(least, row(rows=6)) == []
    assert too_few(unmet(least, row(rows=5)))
    assert unmet(least, {"rows": None}) == [least]
    assert unmet(null, row(share=None)) == []
    assert unmet(either, row("events")) == []
    assert not too_few(unmet(either, row("touches")))
    with pytest.raises(ValueError, match="pass_through"):
        unmet({"type": "pass_through"}, row())


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://u:p%40w@h:5432/d", "postgresql://u:p%40w@h:5432/d?"),
        ("postgresql://%2Frun%2Fpg/d", "postgresql://localhost/d?host=%2Frun%2Fpg&"),
        ("postgresql://u@/d?host=/run/pg", "postgresql://u@localhost/d?host=%2Frun%2Fpg&"),
        ("postgresql://h/d?sslmode=require", "postgresql://h/d?sslmode=require&"),
    ],
)
def test_the_connection_has_a_host_the_builders_role_and_a_limit(url: str, place: str) -> None:
    options = "options=-c%20role%3Dtransformer%20-c%20search_path%3Dquality%2Cbuild%20-c%20statement_timeout%3D15min"
    assert connection_string(url) == place + options


def test_data_docs_load_nothing_from_elsewhere() -> None:
    page = '<head><script src="https://cdn.example/x.js"></script><link href=//cdn/y.css></head><img src="https://z/p.png"/>'
    clean = docs.without_other_hosts(page)
    assert "example" not in clean and "cdn" not in clean and "<img" not in clean
    assert clean.startswith("<head><style>")


def test_importing_the_gate_stays_light() -> None:
    code = (
        "import sys; import userops.gate, userops.gate.inputs, userops.gate.docs, userops.gate.suites;"
        "sys.exit(any(m in sys.modules for m in ('great_expectations', 'pandas', 'sqlalchemy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_rows_that_were_set_aside_come_with_their_reasons() -> None:
    found = CheckResult("rows_set_aside", "expectations", "contacts", "warning", False, "98 of 4,210 rows", "fewer")
    words = "98 of 4210 rows: phone is no number (91)"
    bad = CheckResult("bad_rows", "contract", "contacts", "critical", True, words, "x")
    (told,) = with_reasons([found], [bad])
    assert told.observed == "98 of 4,210 rows. Most frequent reasons: phone is no number (91)"
    assert with_reasons([found], []) == [found]
