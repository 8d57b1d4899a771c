"""Create schemas, roles and bookkeeping tables: `python -m userops.warehouse.bootstrap URL`."""

import sys
from pathlib import Path

from userops.warehouse.pg import connect

BOOTSTRAP_SQL = Path(__file__).with_name("bootstrap.sql")


def bootstrap(url: str) -> None:
    """Bring a database to the shape this version expects; concurrent callers wait for one another."""
    with connect(url) as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('userops.bootstrap'))")
        connection.execute(BOOTSTRAP_SQL.read_text())


if __name__ == "__main__":
    bootstrap(sys.argv[1])
