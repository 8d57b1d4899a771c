"""One alert as each channel delivers it, for docs/alerts.md: by the code that sends alerts, to receivers made here."""

import email
import email.policy
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import httpx
import requests

from userops.alerts import delivery, message, outbox
from userops.checks import CheckResult
from userops.gate import suites
from userops.gate.results import Answer, Expectation, results_of
from userops.gate.runner import help_of
from userops.settings import Settings

SUITES = Path(__file__).resolve().parents[1] / "expectations" / "suites"
DAY, RUN, READERS = "2026-03-04", "2026-03-04-5f1c9a2e", (41, "2026-03-03")
# A night on which the shop changed how it numbers orders: suite, check, column, and a row as its measure would hold it.
NIGHT = (
    ("column_shifts", "columns_changed", "Ids are written as on the nights before", {
        "subject": "orders.order_id", "level": 0.97, "row_count": 4210, "loads_before": 28, "highest": 0.01,
    }),
    ("column_shifts", "some_columns_changed", "Ids are written as on the nights before", {
        "subject": "orders.order_id", "level": 0.97, "row_count": 4210, "loads_before": 28, "highest": 0.01,
    }),
    ("unknown_references", "lines_of_unknown_orders", "At most 0.5 %", {
        "subject": "order_lines", "unknown": 4084, "row_count": 4210,
    }),
    ("deliveries", "rows_set_aside", "Not more rows", {
        "subject": "contacts", "set_aside": 98, "row_count": 4210, "most_set_aside": 6,
    }),
)  # fmt: skip
INTRO = """
# Alerts

One message a night and cause: what failed and how it compares, what follows from it, since when, which version readers
see, and where to read on. `USEROPS_ALERT_TARGETS` says where it goes, `USEROPS_LANGUAGE` whether it is in English or
Chinese. A recovery notice follows when the cause has cleared.

Below is the same night as each channel delivers it: the text that the code of this version sends. The first four speak
English, the last three Chinese.
"""


def alerts_page(note: str) -> str:
    """The page: one sample a channel."""
    parts = [note.format(source="docs/_alerts.py") + INTRO]
    for title, target, language, shown in CHANNELS:
        sent = delivered(target, night(language))
        parts.append(f"## {title}\n\nTarget: `{target}`\n\n```text\n{shown(sent).strip()}\n```\n")
    return "\n".join(parts)


def night(language: str) -> dict[str, str]:
    """The alert of the sample night, worded by the committed expectations."""
    settings = Settings.load({"USEROPS_HOME": "/var/lib/userops", "USEROPS_LANGUAGE": language})
    found = [_found(*each, language) for each in NIGHT]
    sent = message.alert(
        found, DAY, RUN, READERS, None, outbox.links(settings), explains=suites.explanations(settings),
        language=language,
    )  # fmt: skip
    return sent.payload("alert", DAY, RUN)


def _found(suite: str, check: str, begins: str, row: dict, language: str) -> CheckResult:
    entries = json.loads((SUITES / f"{suite}.json").read_text(encoding="utf-8"))["expectations"]
    entry = next(e for e in entries if e["meta"]["check"] == check and e["description"].startswith(begins))
    meta, worded = entry["meta"], "" if language == "en" else f"_{language}"
    expected = entry["description"] if language == "en" else meta[f"description_{language}"]
    asked = Expectation(
        check, entry["severity"], expected, suite, found=meta[f"found{worded}"], help=help_of(meta, language),
        language=language,
    )  # fmt: skip
    return results_of(asked, Answer(False), [row])[0]


def delivered(target: str, payload: dict[str, str]) -> list[str]:
    """What receivers get when the payload is sent to the target: bodies of requests, and e-mails."""
    taken: list[str] = []

    def by_httpx(request: httpx.Request) -> httpx.Response:
        taken.append(request.content.decode())
        return httpx.Response(200, text='{"errcode": 0}')

    def by_requests(_: object, request: requests.PreparedRequest, **__: object) -> requests.Response:
        taken.append(request.body if isinstance(request.body, str) else request.body.decode())
        answer = requests.Response()
        answer._content = b"ok"
        # PagerDuty says that it queued the event.
        answer.status_code = 202 if "pagerduty" in request.url else 200
        return answer

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(requests.Session, "send", by_requests))
        server = stack.enter_context(mock.patch("smtplib.SMTP"))
        server.return_value.sendmail.side_effect = lambda _, __, text, *___: taken.append(text)
        delivery.send(target, 42, payload, httpx.MockTransport(by_httpx))
    return taken


def _json(*path: str | int) -> Callable[[list[str]], str]:
    """The text at that path of the JSON that was posted."""

    def shown(taken: list[str]) -> str:
        value = json.loads(taken[0])
        for name in path:
            value = value[name]
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)

    return shown


def _slack(taken: list[str]) -> str:
    (attachment,) = json.loads(taken[0])["attachments"]
    return f"{attachment['title']}\n{attachment['text']}"


def _mail(taken: list[str]) -> str:
    mail = email.message_from_string(taken[0], policy=email.policy.default)
    text = mail.get_body(("plain",)).get_content()
    return f"Subject: {mail['Subject']}\n\n{text}"



CHANNELS = (
    ("E-mail", "mailto://userops:PASSWORD@mail.example.com?to=oncall@example.com&format=text", "en", _mail),
    ("Slack", "slack://T0000AAAA/B0000BBBB/abcdefghijklmnopqrstuvwx/#data", "en", _slack),
    ("PagerDuty", "pagerduty://IntegrationKey@ApiKey", "en", _json("payload")),
    ("Webhook", "https://hooks.example.com/userops", "en", _json()),
    ("WeCom", "wecombot://KEY", "zh", _json("text", "content")),
    ("DingTalk", "dingtalk://SECRET@TOKEN", "zh", _json("text", "content")),
    ("Feishu", "feishu://TOKEN", "zh", _json("content", "text")),
)
