"""One writer: a run takes a fencing token, and every commit it makes checks that no later run took another."""

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
    """Take the right to write; refused while a run that still shows signs of life has it.

    A run of the same date that stopped without an end (it was killed) is closed as failed and superseded at once
    when its process has gone: a live process keeps an advisory lock on a session of its own (`keep_alive`).
    """
    with connection.transaction():
        token = acquire_in(connection, run_id)
        connection.execute(
            "insert into meta.runs (run_id, business_date, state, token) values (%s, %s, 'running', %s)",
            [run_id, business_date, token],
        )
    return token


def acquire_in(connection: psycopg.Connection, name: str) -> int:
    """Take the right to write for the rest of the caller's transaction: others wait for its end, and find a new token.

    What is no run (a change of the hash key) needs no more than this.
    """
    holder, live = _holder(connection)
    if holder and live:
        raise Superseded(f"Run {holder} is writing.", fix="wait for it to end, or stop it; then run again.")
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
    """The run that has the right to write, and whether it is to be waited for."""
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


_signs_of_life: list["_Life"] = []


class _Life(threading.Thread):
    """A session that ends with this process, whatever the cause, and a heartbeat through statements of any length.

    A process that is stopped beats no more, so it can be superseded; one that waits for the server goes on beating.
    """

    def __init__(self, url: str, token: int) -> None:
        super().__init__(name="userops-life", daemon=True)
        self.token, self.ended = token, threading.Event()
        self.connection = connect(url, "publisher", autocommit=True)
        self.connection.execute("select pg_advisory_lock_shared(hashtext(%s))", [WRITER_LOCK])

    def run(self) -> None:
        while not self.ended.wait(BEAT.total_seconds()):
            try:
                self.connection.execute(
                    "update meta.writer set heartbeat_at = now() where token = %s", [self.token]
                )
            except psycopg.Error as error:
                # The session is gone, and with it the sign of life: the run's next commit finds out what that means.
                log.warning("no heartbeat any more: %s", str(error).strip())
                return

    def end(self) -> None:
        self.ended.set()
        self.join(timeout=BEAT.total_seconds())
        self.connection.close()


def keep_alive(url: str, token: int) -> None:
    """Let others see that the writer's process lives, until it ends or lets go."""
    if _signs_of_life:
        return
    life = _Life(url, token)
    life.start()
    _signs_of_life.append(life)


def release() -> None:
    """This process writes no more."""
    while _signs_of_life:
        _signs_of_life.pop().end()


def assert_writer_token(connection: psycopg.Connection, token: int) -> None:
    """Call inside the transaction that writes, last: refuses the commit of a run that was superseded."""
    row = connection.execute("select token, run_id from meta.writer for update").fetchone()
    if row[0] != token:
        raise Superseded(
            f"Run {row[1]} has taken over (token {row[0]} after {token}); nothing of this run was written.",
            fix="let that run end.",
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
