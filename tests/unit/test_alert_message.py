"""An alert says what failed, since when, and what readers see; it carries no personal data."""

from userops.alerts import message
from userops.checks import CheckResult

DAY = "2024-03-01"


def failed(check: str = "orders_differ", severity: str = "critical", observed: str = "share 0.2") -> CheckResult:
    return CheckResult(check, "expectations", "orders", severity, False, observed, "at most 0.002", "orders.csv")


def test_one_message_over_all_failures_with_the_worst_first() -> None:
    sent = message.alert([failed("b", "warning"), failed("a")], DAY, "run-1", (7, "2024-02-29"), "2024-02-28", ["L"])
    assert sent.severity == "critical"
    assert sent.title == "[critical] 2024-03-01 blocked: orders"
    assert sent.body.index("- a on") < sent.body.index("- b on")
    for words in (
        "found share 0.2, expected at most 0.002 (orders.csv)",
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
    lines = [line for line in sent.body.splitlines() if line.startswith("- ")]
    assert [line.split(" on ")[0] for line in lines] == ["- file_loaded", "- other", "- late"]
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
