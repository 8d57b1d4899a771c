"""Connections to the warehouse, each in the role whose work it does."""

from collections.abc import Iterable

import psycopg

from userops.checks import CheckResult
from userops.errors import EXIT_FAILED, UseropsError, first_line
from userops.warehouse import server_settings

LONGEST_PAUSE = "15min"
ROLES = ("loader", "transformer", "publisher", "bi_reader")


def connect(url: str, role: str | None = None, **options: object) -> psycopg.Connection:
    """Open a connection; with `role` every statement runs with that role's rights alone."""
    if role is not None and role not in ROLES:
        raise ValueError(f"role {role!r} is none of {ROLES}")
    try:
        connection = psycopg.connect(url, connect_timeout=10, **options)
    except psycopg.OperationalError as error:
        raise no_answer(error) from error
    if role is not None:
        # A process that was stopped inside a transaction holds its locks, until the server ends the session.
        connection.execute(
            f"set role {role}; set idle_in_transaction_session_timeout = '{LONGEST_PAUSE}'; {server_settings.SESSION}"
        )
        connection.commit()
    return connection


def no_answer(error: BaseException) -> UseropsError:
    """The error to raise where the server is not there, or went away."""
    return UseropsError(
        f"The warehouse does not answer: {first_line(error)}.",
        fix="start it (`userops db start`, or the server that USEROPS_DATABASE_URL names) and run again.",
        exit_code=EXIT_FAILED,
    )


def record_results(
    connection: psycopg.Connection, run_id: str, business_date: str, results: Iterable[CheckResult]
) -> None:
    """Append check results to `meta.quality_results` (the caller commits)."""
    rows = [
        (
            run_id, business_date, r.check, r.layer, r.subject, r.severity, r.passed, r.observed, r.expected, r.detail,
            r.seconds, r.rows,
        )
        for r in results
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity,"
            " passed, observed, expected, detail, seconds, rows)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
