"""Create schemas, roles and bookkeeping tables: `python -m userops.warehouse.bootstrap URL`."""

import hashlib
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from userops.warehouse.connection import connect

BOOTSTRAP_SQL = Path(__file__).with_name("bootstrap_sql")


def bootstrap(url: str) -> None:
    """Bring a database to the shape this version expects; concurrent callers wait for one another.

    A database that has this shape is left alone: indexes and views are not even looked at under a lock, so that a
    night's begin neither waits for a long query or a stopped load nor makes readers queue behind it.
    """
    shape = "".join(path.read_text() for path in sorted(BOOTSTRAP_SQL.glob("*.sql")))
    stamp = hashlib.sha256(shape.encode()).hexdigest()
    with connect(url) as connection:
        if _stamp(connection) == stamp:
            return
        connection.execute("select pg_advisory_xact_lock(hashtext('userops.bootstrap'))")
        connection.execute(shape)
        connection.execute(sql.SQL("comment on schema meta is {}").format(sql.Literal(stamp)))


def _stamp(connection: psycopg.Connection) -> str | None:
    return connection.execute("select obj_description(to_regnamespace('meta'), 'pg_namespace')").fetchone()[0]


if __name__ == "__main__":
    bootstrap(sys.argv[1])
