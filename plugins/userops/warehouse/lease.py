"""One writer: a run acquires a fencing token, and each of its commits checks that no later run has a newer one."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg

from userops.errors import Superseded
from userops.warehouse.connection import connect

HEARTBEAT_LIMIT = timedelta(minutes=15)
BEAT = timedelta(minutes=1)
WRITER_LOCK = "userops.writer"
log = logging.getLogger(__name__)


def acquire(connection: psycopg.Connection, run_id: str, business_date: str) -> int:
    """Acquire the right to write; refused while a live run has it.

    A run that was killed is closed as failed and superseded at once: a live process holds an advisory lock in a session
    of its own (`keep_alive`), which ends with it.
    """
    with connection.transaction():
        token = acquire_in(connection, run_id)
        connection.execute(
            "insert into meta.runs (run_id, business_date, state, token) values (%s, %s, 'running', %s)",
            [run_id, business_date, token],
        )
    return token


def acquire_in(connection: psycopg.Connection, name: str) -> int:
    """Acquire the right to write within the caller's transaction: others wait for its end, and find a new token.

    Enough for a writer that is no run, such as a change of the hash key.
    """
    holder, live = _holder(connection)
    if holder and live:
        raise Superseded(f"Run {holder} is writing.", fix="wait until it has ended, or stop it; then run again.")
    if holder:
        connection.execute(
            "update meta.runs set state = 'failed', ended_at = now(), error = 'killed or superseded'"
            " where run_id = %s and state = 'running'",
            [holder],
        )
    token = connection.execute("select nextval('meta.fencing_token')").fetchone()[0]
    connection.execute("update meta.writer set token = %s, run_id = %s, heartbeat_at = now()", [token, name])
    return token


def _holder(connection: psycopg.Connection) -> tuple[str | None, bool]:
    """The run that has the right to write, and whether it is alive."""
    row = connection.execute(
        "select writer.run_id, writer.heartbeat_at > now() - %s, runs.state = 'running',"
        " pg_try_advisory_xact_lock(hashtext(%s))"
        " from meta.writer left join meta.runs using (run_id) for update of writer",
        [HEARTBEAT_LIMIT, WRITER_LOCK],
    ).fetchone()
    run_id, fresh, running, nobody_alive = row
    if not run_id or not running:
        return None, False
    return run_id, bool(fresh) and not nobody_alive


_heartbeats: list["_Heartbeat"] = []


class _Heartbeat(threading.Thread):
    """A session that ends with this process, whatever the cause, and a heartbeat during statements of any length.

    A stopped process has no heartbeat, so it can be superseded; one that waits for the server still has one.
    """

    def __init__(self, url: str, token: int) -> None:
        super().__init__(name="userops-heartbeat", daemon=True)
        self.url, self.token, self.ended = url, token, threading.Event()
        self.connection = connect(url, "publisher", autocommit=True)
        self.connection.execute("select pg_advisory_lock_shared(hashtext(%s))", [WRITER_LOCK])

    def run(self) -> None:
        while not self.ended.wait(BEAT.total_seconds()):
            try:
                self.connection.execute(
                    "update meta.writer set heartbeat_at = now() where token = %s", [self.token]
                )
            except psycopg.Error as error:
                # The run may be superseded from now on; its next commit finds out.
                log.warning("the heartbeat stopped: %s", str(error).strip())
                return

    def end(self) -> None:
        self.ended.set()
        self.join(timeout=BEAT.total_seconds())
        self.connection.close()


def keep_alive(url: str, token: int) -> None:
    """Show others that the writer's process is alive, until it ends or releases the right to write."""
    if any((beat.url, beat.token) == (url, token) for beat in _heartbeats):
        return
    # A process works on one run at a time: who begins another has done with the one before.
    release()
    heartbeat = _Heartbeat(url, token)
    heartbeat.start()
    _heartbeats.append(heartbeat)


def release() -> None:
    """Let others write: end the heartbeat of this process."""
    while _heartbeats:
        _heartbeats.pop().end()


def assert_writer_token(connection: psycopg.Connection, token: int) -> None:
    """Refuse the commit of a run that was superseded: call it last in the transaction that writes."""
    row = connection.execute("select token, run_id from meta.writer for update").fetchone()
    if row[0] != token:
        raise Superseded(
            f"Superseded by {row[1]} (token {row[0]} after {token}): nothing was written.",
            fix="wait until that run has ended; run again if its date is not published.",
        )
    connection.execute("update meta.writer set heartbeat_at = now()")


@contextmanager
def transaction(connection: psycopg.Connection, token: int | None) -> Iterator[None]:
    """A transaction that commits only while the run still has the right to write (None: no run writes here)."""
    with connection.transaction():
        yield
        if token is not None:
            assert_writer_token(connection, token)


def end(connection: psycopg.Connection, run_id: str, state: str, error: str = "") -> None:
    """Close the run as published, blocked or failed, and commit."""
    close(connection, run_id, state, error)
    connection.commit()


def close(connection: psycopg.Connection, run_id: str, state: str, error: str = "") -> None:
    """Close the run in the caller's transaction."""
    connection.execute(
        "update meta.runs set state = %s, ended_at = now(), error = %s where run_id = %s and state = 'running'",
        [state, error[:2000], run_id],
    )
