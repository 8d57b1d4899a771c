"""The outbox in the warehouse: enqueue once a cause, deliver with backoff, fall back, tell when it clears.

A message is `pending` until its receiver accepted it. With fallbacks it is given up after ATTEMPTS and goes to those;
without, it is tried until it is accepted. The row is locked while it is sent, so two senders never both send it.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import httpx
import psycopg

from userops.alerts import delivery, message
from userops.checks import CheckResult
from userops.settings import Settings

ATTEMPTS = 5
FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 3600

OPEN = """
    select kept.cause_key, kept.business_date::text, kept.title from meta.outbox as kept
    where kept.kind = 'alert' and kept.target = %s and not exists (
        select from meta.outbox as notice
        where notice.kind = 'recovery' and notice.cause_key = kept.cause_key and notice.target = kept.target
            and notice.message_id > kept.message_id)
    order by kept.message_id
"""


def raise_alert(
    connection: psycopg.Connection,
    settings: Settings,
    run_id: str,
    business_date: str,
    results: Sequence[CheckResult],
    published: tuple[int, str] | None,
    state: str = "",
    explains: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> int:
    """Enqueue one message per target about what failed and is not open yet; returns their number. The caller commits.

    `explains`: by check the checks that follow from its failure, which the message folds below it.
    A blocked run, or one in another `state` that asks for a person, is told once per date and set of failures; a
    warning that persists is not told again until it has cleared.
    """
    _one_at_a_time(connection)
    day, failed = str(business_date), message.roots(results)
    enqueued = 0
    for target in settings.alert_targets:
        known = connection.execute(OPEN, [target]).fetchall()
        new = [r for r in failed if message.part(r) not in _told(known, r, day, bool(state))]
        if not new:
            continue
        whole = failed if state or any(r.blocks for r in new) else new
        parts = {message.part(r) for r in whole}
        since = min([d for key, d, _ in known if d and parts & message.parts_of(key)], default=None)
        text = message.alert(
            whole, day, run_id, published, since, links(settings), state, explains, settings.language
        )
        _enqueue(connection, "alert", text, day, run_id, target)
        enqueued += 1
    return enqueued


def raise_recovery(connection: psycopg.Connection, settings: Settings, run_id: str, business_date: str) -> int:
    """Enqueue a notice for every open cause that this published run no longer shows; the caller commits."""
    _one_at_a_time(connection)
    day = str(business_date)
    rows = connection.execute(
        "select distinct check_name || '@' || subject from meta.quality_results"
        " where run_id = %s and not passed and severity <> 'info'",
        [run_id],
    ).fetchall()
    failing = {row[0] for row in rows}
    enqueued = 0
    for target in settings.alert_targets:
        causes: dict[str, tuple[str, str]] = {}
        for key, since, title in connection.execute(OPEN, [target]).fetchall():
            # A blocked later date stays open when an earlier one is published again.
            if since <= day and not message.parts_of(key) & failing:
                causes.setdefault(key, (since, title))
        for key, (since, title) in causes.items():
            text = message.recovery(title, key, day, run_id, since, settings.language)
            _enqueue(connection, "recovery", text, day, run_id, target)
            enqueued += 1
    return enqueued


def deliver_pending(
    connection: psycopg.Connection, settings: Settings, transport: httpx.BaseTransport | None = None
) -> tuple[int, int]:
    """Send what is due; returns (delivered, failed). Commits what the caller has open, then each message."""
    connection.commit()
    delivered, failed, seen = 0, 0, [0]
    while True:
        row = connection.execute(
            "select message_id, kind, cause_key, business_date::text, run_id, severity, title, body, target, attempts"
            " from meta.outbox where state = 'pending' and next_attempt_at <= now() and message_id <> all(%s)"
            " order by message_id limit 1 for update skip locked",
            [seen],
        ).fetchone()
        if row is None:
            connection.commit()
            return delivered, failed
        seen.append(row[0])
        if _send(connection, settings, row, transport):
            delivered += 1
        else:
            failed += 1
        connection.commit()


def _send(
    connection: psycopg.Connection, settings: Settings, row: tuple, transport: httpx.BaseTransport | None
) -> bool:
    """Send one locked message and record the outcome."""
    message_id, kind, cause_key, day, run_id, severity, title, body, target, attempts = row
    payload = message.Message(cause_key, severity, title, body).payload(kind, day or "", run_id or "")
    try:
        delivery.send(target, message_id, payload, transport)
    except delivery.DeliveryFailed as error:
        _put_off(connection, settings, row, f"{delivery.shown(target)}: {error}")
        return False
    connection.execute(
        "update meta.outbox set state = 'delivered', delivered_at = clock_timestamp(), attempts = %s, last_error = null"
        " where message_id = %s",
        [attempts + 1, message_id],
    )
    return True


def _put_off(connection: psycopg.Connection, settings: Settings, row: tuple, error: str) -> None:
    """Try again later; after ATTEMPTS hand the message to the fallbacks, if there are any."""
    message_id, kind, cause_key, day, run_id, severity, title, body, target, attempts = row
    fallbacks = [f for f in settings.alert_fallbacks if f != target] if target not in settings.alert_fallbacks else []
    gives_up = attempts + 1 >= ATTEMPTS and bool(fallbacks)
    wait = min(FIRST_WAIT_SECONDS * 2**attempts, LONGEST_WAIT_SECONDS)
    connection.execute(
        "update meta.outbox set attempts = attempts + 1, last_error = %s, state = %s,"
        " next_attempt_at = now() + make_interval(secs => %s) where message_id = %s",
        [error[:300], "failed" if gives_up else "pending", wait, message_id],
    )
    if gives_up:
        for fallback in fallbacks:
            text = message.Message(cause_key, severity, title, body)
            _enqueue(connection, kind, text, day, run_id, fallback)


def _told(known: list[tuple], result: CheckResult, day: str, asks: bool) -> set[str]:
    """The failing checks that an open alert already stands for: of this date, or of any date for a warning."""
    keys = [key for key, since, _ in known if since == day or not (result.blocks or asks)]
    return {name for key in keys for name in message.parts_of(key)}


def links(settings: Settings) -> list[str]:
    """Where to read on: the report of the run and the runbook."""
    language = settings.language
    return [message.text("report", language, home=settings.home), message.text("runbook", language)]


def _one_at_a_time(connection: psycopg.Connection) -> None:
    """Keep two runs from both finding nothing open; the lock lasts until the caller's commit."""
    connection.execute("select pg_advisory_xact_lock(hashtext('userops.outbox'))")


def _enqueue(
    connection: psycopg.Connection, kind: str, text: message.Message, day: str, run_id: str, target: str
) -> None:
    connection.execute(
        "insert into meta.outbox (kind, cause_key, business_date, run_id, severity, title, body, target)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [kind, text.cause_key, day, run_id, text.severity, text.title, text.body, target],
    )
