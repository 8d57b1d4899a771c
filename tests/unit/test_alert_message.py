"""An alert says what failed, since when, and what readers see; it carries no personal data."""

import pytest

from userops.alerts import delivery, message
from userops.checks import CheckResult

DAY = "2024-03-01"


def failed(check: str = "orders_differ", severity: str = "critical", observed: str = "share 0.2") -> CheckResult:
    return CheckResult(check, "expectations", "orders", severity, False, observed, "at most 0.002", "orders.csv")


def test_one_message_over_all_failures_with_the_worst_first() -> None:
    sent = message.alert([failed("b", "warning"), failed("a")], DAY, "run-1", (7, "2024-02-29"), "2024-02-28", ["L"])
    assert sent.severity == "critical"
    assert sent.title == "[critical] night 2024-03-01 blocked: orders"
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
    assert notice.title.startswith("[recovered] night 2024-03-02")
    assert "open since 2024-03-01" in notice.body


def test_an_error_inside_a_200_is_found() -> None:
    assert delivery.error_in('{"errcode": 93000, "errmsg": "invalid webhook"}') == "errcode=93000"
    assert delivery.error_in('{"StatusCode": 1}') == "StatusCode=1"
    assert delivery.error_in('{"code": 19024}') == "code=19024"
    for fine in ('{"errcode": 0}', '{"code": 0, "StatusCode": 0}', "ok", "", "[]", '{"code": 200}'):
        assert delivery.error_in(fine) == ""


def test_a_shown_target_hides_its_secrets() -> None:
    assert delivery.shown("https://user:pass@hooks.example.com/services/T0/SECRET?key=1") == "https://hooks.example.com"


@pytest.mark.parametrize(
    ("service", "refused", "taken"),
    [
        ("WeCom", '{"errcode": 45009, "errmsg": "api freq out of limit"}', '{"errcode": 0, "errmsg": "ok"}'),
        ("DingTalk", '{"errcode": 310000, "errmsg": "sign not match"}', '{"errcode": 0, "errmsg": "ok"}'),
        ("Feishu", '{"code": 19021, "data": {}, "msg": "sign match fail"}', '{"code": 0, "msg": "success"}'),
        ("Feishu, older", '{"StatusCode": 9499, "StatusMessage": "Bad Request"}', '{"StatusCode": 0, "Extra": null}'),
        ("a relay", '{"success": false, "error": "no such room"}', '{"success": true}'),
        ("a relay", '{"ok": false, "error": "channel_not_found"}', '{"ok": true}'),
    ],
)
def test_a_service_that_refuses_with_200_is_seen(service: str, refused: str, taken: str) -> None:
    assert delivery.error_in(refused), service
    assert delivery.error_in(taken) == "", service
