"""The outbox against a real warehouse and a webhook that misbehaves."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psycopg
import pytest

from userops.alerts import delivery, outbox
from userops.checks import CheckResult
from userops.settings import Settings
from userops.warehouse.connection import connect, record_results

DAY = "2024-03-01"


class Receiver:
    """A webhook that answers as told, in order, and well once nothing more is told."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        self.taken: list[dict] = []
        self.tries = 0
        self.slow = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.tries += 1
                time.sleep(receiver.slow)
                status, text = receiver.answers.pop(0) if receiver.answers else (200, '{"errcode": 0}')
                if (status, text) == (200, '{"errcode": 0}'):
                    receiver.taken.append(content)
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Keep the test's output quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def settings(receiver: Receiver) -> Settings:
    return Settings(alert_targets=(receiver.url,))


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse_url, autocommit=True) as admin:
        admin.execute("truncate meta.outbox, meta.quality_results")
    with connect(warehouse_url, "publisher") as made:
        yield made


def failed(check: str = "orders_differ", severity: str = "critical") -> CheckResult:
    return CheckResult(check, "expectations", "orders", severity, False, "share 0.2", "at most 0.002")


def due_now(connection: psycopg.Connection) -> None:
    connection.execute("update meta.outbox set next_attempt_at = now() where state = 'pending'")
    connection.commit()


def test_500_then_an_error_in_200_then_accepted_once(connection, settings, receiver) -> None:
    receiver.answers = [(500, ""), (200, '{"errcode": 93000, "errmsg": "bad"}')]
    assert outbox.raise_alert(connection, settings, "r1", DAY, [failed()], (3, "2024-02-29")) == 1
    assert outbox.deliver_pending(connection, settings) == (0, 1)
    assert outbox.deliver_pending(connection, settings) == (0, 0), "the next try waits"
    due_now(connection)
    assert outbox.deliver_pending(connection, settings) == (0, 1)
    kept = connection.execute("select last_error, attempts, state from meta.outbox").fetchone()
    assert kept == ("http://127.0.0.1: HTTP 200 with errcode=93000", 2, "pending")
    due_now(connection)
    assert outbox.deliver_pending(connection, settings) == (1, 0)
    due_now(connection)
    assert outbox.deliver_pending(connection, settings) == (0, 0)
    assert len(receiver.taken) == 1
    assert "Readers still see version 3 of 2024-02-29." in receiver.taken[0]["body"]


def test_a_webhook_that_times_out_is_tried_again_under_the_same_id(
    connection, settings, receiver, monkeypatch
) -> None:
    """Whether it took the message nobody can know: the id is the same, so that it can drop the second."""
    monkeypatch.setattr(delivery, "TIMEOUT_SECONDS", 0.2)
    receiver.slow = 1.0
    outbox.raise_alert(connection, settings, "r1", DAY, [failed()], None)
    started = time.monotonic()
    assert outbox.deliver_pending(connection, settings) == (0, 1)
    assert time.monotonic() - started < 1.0, "the run does not wait for it"
    assert "imeout" in connection.execute("select last_error from meta.outbox").fetchone()[0]
    receiver.slow = 0.0
    due_now(connection)
    assert outbox.deliver_pending(connection, settings) == (1, 0)
    time.sleep(1.2)
    assert len(receiver.taken) == 2
    assert len({message["message_id"] for message in receiver.taken}) == 1


def test_a_webhook_that_is_not_there_is_tried_again(connection, settings, receiver) -> None:
    receiver.server.shutdown()
    receiver.server.server_close()
    outbox.raise_alert(connection, settings, "r1", DAY, [failed()], None)
    assert outbox.deliver_pending(connection, settings) == (0, 1)
    kept = connection.execute("select state, last_error from meta.outbox").fetchone()
    assert kept == ("pending", "http://127.0.0.1: ConnectError")


def test_the_same_cause_on_the_same_date_is_told_once(connection, settings, receiver) -> None:
    assert outbox.raise_alert(connection, settings, "r1", DAY, [failed()], None) == 1
    assert outbox.raise_alert(connection, settings, "r2", DAY, [failed()], None) == 0
    assert outbox.raise_alert(connection, settings, "r3", DAY, [failed(), failed("other")], None) == 1
    assert outbox.raise_alert(connection, settings, "r4", "2024-03-02", [failed()], None) == 1
    body = connection.execute("select body from meta.outbox order by message_id desc limit 1").fetchone()[0]
    assert "Since: 2024-03-01" in body


def test_a_staying_warning_is_told_once_and_a_new_one_alone(connection, settings) -> None:
    assert outbox.raise_alert(connection, settings, "r1", DAY, [failed("a", "warning")], None) == 1
    both = [failed("a", "warning"), failed("b", "warning")]
    assert outbox.raise_alert(connection, settings, "r2", "2024-03-02", both, None) == 1
    key = connection.execute("select cause_key from meta.outbox order by message_id desc limit 1").fetchone()[0]
    assert key == "warning|b@orders"


def test_recovery_is_told_once_and_only_for_what_cleared(connection, settings, receiver) -> None:
    outbox.raise_alert(connection, settings, "r1", DAY, [failed()], None)
    outbox.raise_alert(connection, settings, "r1", DAY, [failed("drift", "warning")], None)
    record_results(connection, "r2", DAY, [failed("drift", "warning")])
    assert outbox.raise_recovery(connection, settings, "r0", "2024-02-29") == 0, "an earlier date clears nothing"
    assert outbox.raise_recovery(connection, settings, "r2", DAY) == 1
    assert outbox.raise_recovery(connection, settings, "r3", "2024-03-02") == 1, "the warning cleared a day later"
    assert outbox.raise_recovery(connection, settings, "r4", "2024-03-03") == 0
    assert outbox.deliver_pending(connection, settings) == (4, 0)
    assert [m["kind"] for m in receiver.taken] == ["alert", "alert", "recovery", "recovery"]
    assert outbox.raise_alert(connection, settings, "r5", DAY, [failed()], None) == 1, "it came back: told again"


def test_a_dead_target_hands_over_to_the_fallback(connection, settings, receiver, tmp_path) -> None:
    other = f"file://{tmp_path}/fallback.log"
    settings = settings.model_copy(update={"alert_fallbacks": (other,)})
    receiver.answers = [(500, "")] * 50
    outbox.raise_alert(connection, settings, "r1", DAY, [failed()], None)
    for _ in range(outbox.ATTEMPTS + 2):
        due_now(connection)
        outbox.deliver_pending(connection, settings)
    assert receiver.tries == outbox.ATTEMPTS
    states = dict(connection.execute("select target, state from meta.outbox").fetchall())
    assert states == {receiver.url: "failed", other: "delivered"}
    assert len((tmp_path / "fallback.log").read_text().splitlines()) == 1


def test_without_a_fallback_it_is_tried_until_taken(connection, settings, receiver) -> None:
    receiver.answers = [(500, "")] * 12
    outbox.raise_alert(connection, settings, "r1", DAY, [failed()], None)
    for _ in range(13):
        due_now(connection)
        outbox.deliver_pending(connection, settings)
    assert len(receiver.taken) == 1


def test_two_senders_send_each_message_once(connection, settings, receiver, warehouse_url) -> None:
    for number in range(20):
        outbox.raise_alert(connection, settings, f"r{number}", DAY, [failed(f"check_{number}")], None)
    connection.commit()
    done: list[int] = []

    def send() -> None:
        with connect(warehouse_url, "publisher") as own:
            done.append(outbox.deliver_pending(own, settings)[0])

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 20
    assert len({m["title"] + m["body"] for m in receiver.taken}) == len(receiver.taken) == 20


def test_an_alert_rolled_back_was_never_raised(connection, settings) -> None:
    outbox.raise_alert(connection, settings, "r1", DAY, [failed()], None)
    connection.rollback()
    assert outbox.deliver_pending(connection, settings) == (0, 0)


def test_a_day_that_was_never_run_is_told_once_and_recovers(warehouse_url, settings, receiver):
    """Due is 9 March at 09:00 of the 10th; nobody ran it. A second look says nothing new."""
    from datetime import UTC, datetime

    from userops.alerts import watchdog

    morning = datetime(2030, 3, 10, 1, 0, tzinfo=UTC)
    with connect(warehouse_url, "publisher") as connection:
        finding = watchdog.look(connection, settings, morning)
        assert finding is not None and "no run" in finding.observed
        watchdog.look(connection, settings, morning)
        told = [m for m in receiver.taken if "published_on_time" in m["body"]]
        assert len(told) == 1
        assert "2030-03-09" in told[0]["title"]
        outbox.raise_recovery(connection, settings, "later", "2030-03-09")
        connection.commit()
        outbox.deliver_pending(connection, settings)
    assert any("published_on_time" in m["body"] and m["kind"] == "recovery" for m in receiver.taken)


def test_a_blocked_run_is_not_told_twice(warehouse_url, settings, receiver):
    from datetime import UTC, datetime

    from userops.alerts import watchdog

    with connect(warehouse_url) as admin:
        admin.execute(
            "insert into meta.runs (run_id, business_date, state, token) values ('b', '2031-03-09', 'blocked', 1)"
        )
    with connect(warehouse_url, "publisher") as connection:
        outbox.raise_alert(connection, settings, "b", "2031-03-09", [failed()], None)
        assert watchdog.look(connection, settings, datetime(2031, 3, 10, 1, 0, tzinfo=UTC)) is not None
    assert len(receiver.taken) == 1


def test_a_run_that_was_killed_and_superseded_is_told(warehouse_url, settings, receiver):
    """The next run closed the killed one as failed; nobody has told of it."""
    from datetime import UTC, datetime

    from userops.alerts import watchdog

    with connect(warehouse_url) as admin:
        admin.execute(
            "insert into meta.runs (run_id, business_date, state, token) values ('k1', '2032-03-09', 'failed', 1),"
            " ('k2', '2032-03-09', 'running', 2)"
        )
    with connect(warehouse_url, "publisher") as connection:
        watchdog.look(connection, settings, datetime(2032, 3, 10, 1, 0, tzinfo=UTC))
    assert [m["kind"] for m in receiver.taken] == ["alert"]


def test_a_warehouse_that_is_away_is_told_once_and_when_it_is_back(warehouse_url, settings, receiver, tmp_path):
    """The outbox lies in it. A receiver that fails has a fallback stand in, and is told when it can be."""
    from userops.alerts import watchdog

    log = tmp_path / "fallback.log"
    here = settings.model_copy(
        update={"home": tmp_path, "database_url": warehouse_url, "alert_fallbacks": (f"file://{log}",)}
    )
    away = here.model_copy(update={"database_url": "postgresql://nobody:secret@127.0.0.1:1/nowhere"})
    receiver.answers = [(500, "")]
    for _ in range(3):
        finding = watchdog.watch(away)
    assert finding is not None and finding.check == "warehouse_answers"
    assert [m["kind"] for m in receiver.taken] == ["alert"] and receiver.tries == 2
    assert "127.0.0.1" in receiver.taken[0]["body"] and "secret" not in str(receiver.taken)
    assert [json.loads(line)["title"] for line in log.read_text().splitlines()] == [receiver.taken[0]["title"]]

    for _ in range(2):
        watchdog.watch(here)
    told = [(m["kind"], m["message_id"]) for m in receiver.taken if "warehouse" in m["title"]]
    assert told == [("alert", told[0][1]), ("recovery", told[0][1])] and told[0][1] < 0
    assert not (tmp_path / "warehouse_outage.json").exists()


def test_a_wrong_setting_is_no_outage(settings, receiver):
    from userops.alerts import watchdog
    from userops.errors import UseropsError

    with pytest.raises(UseropsError, match="cannot be written"):
        watchdog.watch(settings.model_copy(update={"home": Path("/proc/userops"), "database_url": ""}))
    assert receiver.taken == []


@pytest.mark.parametrize(
    ("target", "host", "refusal", "success"),
    [
        ("wecombot://k3y", "qyapi.weixin.qq.com", '{"errcode": 93000}', '{"errcode": 0}'),
        ("dingtalk://secret@t0ken", "oapi.dingtalk.com", '{"errcode": 310000}', '{"errcode": 0}'),
        ("feishu://t0ken", "open.feishu.cn", '{"code": 19021}', '{"code": 0}'),
        ("lark://t0ken", "open.larksuite.com", '{"code": 19021}', '{"code": 0}'),
    ],
)
def test_a_chat_service_that_refuses_with_200_is_tried_again(connection, settings, target, host, refusal, success):
    answers, asked = [httpx.Response(200, text=refusal), httpx.Response(200, text=success)], []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.host, request.headers["Idempotency-Key"], request.content))
        return answers.pop(0)

    settings, transport = settings.model_copy(update={"alert_targets": (target,)}), httpx.MockTransport(answer)
    outbox.raise_alert(connection, settings, "r1", DAY, [failed()], None)
    assert outbox.deliver_pending(connection, settings, transport) == (0, 1)
    assert target.partition("://")[2] not in connection.execute("select last_error from meta.outbox").fetchone()[0]
    due_now(connection)
    assert outbox.deliver_pending(connection, settings, transport) == (1, 0)
    assert asked[0] == asked[1] and asked[0][0] == host


def test_one_cause_with_forty_one_failures_is_one_message(connection, settings, receiver) -> None:
    failures = [failed(f"check_{number}") for number in range(41)]
    assert outbox.raise_alert(connection, settings, "r1", DAY, failures, None) == 1
    assert outbox.raise_alert(connection, settings, "r2", DAY, failures[:7], None) == 0
    assert outbox.deliver_pending(connection, settings) == (1, 0)
    assert "and 33 more" in receiver.taken[0]["body"]


def test_a_day_without_the_webhook_loses_and_repeats_nothing(connection, settings, receiver) -> None:
    """24 hours of refusals by a clock that is moved, a message every two hours: each arrives once, in the end."""
    receiver.answers = [(500, ""), (200, '{"errcode": 45009}'), (200, '{"code": 19021, "msg": "x"}')] * 400
    for half in range(24 * 2):
        if half % 4 == 0:
            outbox.raise_alert(connection, settings, f"r{half}", DAY, [failed(f"check_{half}")], None)
        outbox.deliver_pending(connection, settings)
        connection.execute("update meta.outbox set next_attempt_at = next_attempt_at - interval '30 minutes'")
        connection.commit()
    assert receiver.taken == []
    receiver.answers = []
    connection.execute("update meta.outbox set next_attempt_at = next_attempt_at - interval '1 hour'")
    assert outbox.deliver_pending(connection, settings) == (12, 0), "the longest wait is an hour"
    assert outbox.deliver_pending(connection, settings) == (0, 0)
    assert len({m["message_id"] for m in receiver.taken}) == len(receiver.taken) == 12
