"""An alert says what failed, since when, and what readers see; it carries no personal data."""

import re
from pathlib import Path
from string import Formatter

import pytest
import yaml

from userops.alerts import message
from userops.checks import CheckResult

DAY = "2024-03-01"


def failed(check: str = "orders_differ", severity: str = "critical", observed: str = "share 0.2") -> CheckResult:
    return CheckResult(check, "expectations", "orders", severity, False, observed, "at most 0.002", "orders.csv")


def test_one_message_over_all_failures_with_the_worst_first() -> None:
    sent = message.alert([failed("b", "warning"), failed("a")], DAY, "run-1", (7, "2024-02-29"), "2024-02-28", ["L"])
    assert sent.severity == "critical"
    assert sent.title == "[critical] 2024-03-01 blocked: orders"
    assert sent.body.index("Check: a") < sent.body.index("Check: b")
    for words in (
        "- orders: share 0.2\n  Expected: at most 0.002\n  What to do: orders.csv\n  Check: a\n",
        "run run-1",
        "owner data-platform",
        "Readers still see version 7 of 2024-02-29.",
        "Since: 2024-02-28",
    ):
        assert words in sent.body
    assert sent.body.endswith("L")


def test_nothing_failed_is_no_message() -> None:
    passed = CheckResult("a", "dbt", "users", "critical", True, "", "")
    info = CheckResult("a", "dbt", "users", "info", False, "", "")
    assert message.alert([passed, info], DAY, "r", None) is None


def test_what_was_skipped_is_no_cause() -> None:
    sent = message.alert([failed("root"), failed("users", observed="skipped: []")], DAY, "r", None)
    assert sent.parts == {"root@orders"}
    assert "Readers see nothing yet" in sent.body


def test_the_cause_does_not_depend_on_order_or_figures() -> None:
    one = message.alert([failed("a"), failed("b")], DAY, "r1", None)
    two = message.alert([failed("b", observed="share 0.9"), failed("a")], "2024-03-02", "r2", None)
    assert one.cause_key == two.cause_key


def test_personal_data_quoted_by_a_tool_is_masked() -> None:
    leak = failed(observed="no row of lin@example.com, 13800138000, +44 20 7946 0958\nDETAIL: Key (phone)=(x)")
    body = message.alert([leak], DAY, "r", None).body
    for secret in ("lin@example.com", "13800138000", "7946", "DETAIL"):
        assert secret not in body
    assert "2024-03-01" in body


def test_recovery_names_the_cause() -> None:
    sent = message.alert([failed()], DAY, "r", None)
    notice = message.recovery(sent.title, sent.cause_key, "2024-03-02", "r2", DAY)
    assert notice.cause_key == sent.cause_key
    assert notice.title.startswith("[recovered] 2024-03-02: ")
    assert "Cleared, open since 2024-03-01:\n- orders_differ@orders" in notice.body


def test_checks_that_follow_from_another_are_folded_below_it() -> None:
    explains = {"file_loaded": ("missing_volume", "drift"), "drift": ("stage_mix",), "late": ("file_loaded",)}
    found = [failed("file_loaded"), failed("missing_volume"), failed("drift", "warning"),
             failed("stage_mix", "warning"), failed("other"), failed("late", "warning")]  # fmt: skip
    sent = message.alert(found, DAY, "r", None, explains=explains)
    lines = [line for line in sent.body.splitlines() if line.startswith("  Check: ")]
    assert [line.split()[1].rstrip(";") for line in lines] == ["file_loaded", "other", "late"]
    assert lines[0].endswith("; and 3 that follow: missing_volume, drift, stage_mix")
    assert "that follow" not in "".join(lines[1:]), "a warning explains no critical failure"
    assert len(sent.parts) == 6, "recovery still asks for each of them"


def test_three_exports_cut_from_one_file_are_one_cause() -> None:
    """What the file lacks explains what is implausible of its exports, and references to their rows; no other fault."""
    found = [
        CheckResult("file_readable", "manifest", export, "critical", False, "cut", "whole", "shop.csv: deliver again")
        for export in ("orders", "order_lines", "contacts")
    ]
    found += [
        CheckResult(check, "expectations", subject, "critical", False, "x", "y", "owner commerce")
        for check, subject in (
            ("rows_missing", "orders"), ("rows_of_unknown_contacts", "events"), ("amount_level", "refunds"),
        )
    ]  # fmt: skip
    causes = message.fold(found, {})
    assert [(r.check, r.subject) for r in causes] == [("file_readable", "orders"), ("amount_level", "refunds")]
    assert [r.subject for r in causes[found[0]]] == ["order_lines", "contacts", "orders", "events"]


def test_a_finding_that_names_its_subject_is_not_named_twice() -> None:
    sent = message.alert([failed(observed="orders: 3 rows; lines: 2 rows")], DAY, "r", None)
    assert "- orders: 3 rows; lines: 2 rows\n" in sent.body


def test_the_same_alert_in_chinese() -> None:
    found = [failed("a"), failed("b", "warning")]
    sent = message.alert(
        found, DAY, "run-1", (7, "2024-02-29"), "2024-02-28", explains={"a": ("b",)}, language="zh"
    )
    assert sent.title == "[严重] 2024-03-01 被拦截：orders"
    for words in (
        "- orders：share 0.2\n  期望：at most 0.002\n  处理：orders.csv\n  检查：a；另有 1 项由此引起：b\n",
        "级别：严重；负责人：data-platform；运行：run-1",
        "读者看到的仍是 2024-02-29 的第 7 版。",
        "开始于：2024-02-28",
        "读者看到的所有集市保持不变",
    ):
        assert words in sent.body
    assert sent.cause_key == message.alert(found, DAY, "run-1", None).cause_key, "a cause is the same in any language"
    assert "已发布（有警告）" in message.alert([failed("b", "warning")], DAY, "r", None, language="zh").title
    assert "待批准" in message.alert([failed("b", "warning")], DAY, "r", None, state="held", language="zh").title
    notice = message.recovery(sent.title, sent.cause_key, "2024-03-02", "r2", DAY, "zh")
    assert notice.title == "[已恢复] 2024-03-02: 2024-03-01 被拦截：orders"
    assert "读者看到的是 2024-03-02 的数据" in notice.body
    outage = message.outage(failed("warehouse_answers"), "2024-03-01T03:00", "zh")
    assert outage.title == "[严重] 数据仓库无响应" and outage.cause_key == message.OUTAGE
    assert message.outage_over("2024-03-01T03:00", "zh").title == "[已恢复] 数据仓库已恢复"


@pytest.mark.parametrize("room", ["alerts/texts.yml", "gate/words.yml"])
def test_every_text_says_the_same_in_both_languages(room: str) -> None:
    texts = yaml.safe_load((Path(message.__file__).parents[1] / room).read_text(encoding="utf-8"))
    for key, each in texts.items():
        assert set(each) == {"en", "zh"}, key
        values = [{name for _, name, _, _ in Formatter().parse(each[language]) if name} for language in ("en", "zh")]
        assert values[0] == values[1], key
        assert key in ("comma", "title", "finding") or re.search("[\u4e00-\u9fff]", each["zh"]), key
