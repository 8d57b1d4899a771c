"""Delete what the lake need not keep: replaced revisions when their time is over, files that no load refers to."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg

from userops.lake.files import Lake
from userops.warehouse import lease

# A load that is under way has written its file and not yet its row.
ORPHAN_AGE = timedelta(days=1)
log = logging.getLogger(__name__)


def sweep(connection: psycopg.Connection, lake: Lake, token: int | None) -> int:
    """Delete files under the writer's lease, in the role loader; returns how many. Nobody commits meanwhile."""
    count = delete_due(connection, lake, token)
    with _alone(connection, token):
        known = {row[0] for row in connection.execute(
            "select lake_path from meta.load_files where state in ('loaded', 'waived') and lake_path is not null"
            " union select path from meta.lake_deletions"
        )}
        oldest = datetime.now(UTC) - ORPHAN_AGE
        for path, written_at in list(lake.listing()):
            if path not in known and written_at < oldest:
                log.info("Deleting %s: no load refers to it.", path)
                lake.delete(path)
                count += 1
    return count


def delete_due(connection: psycopg.Connection, lake: Lake, token: int | None = None) -> int:
    """Delete revisions whose time is over."""
    with _alone(connection, token):
        due = [row[0] for row in connection.execute(
            "select path from meta.lake_deletions where delete_after <= now() and not exists ("
            " select from meta.load_files where state in ('loaded', 'waived') and lake_path = path)"
        )]
        for path in due:
            lake.delete(path)
        connection.execute("delete from meta.lake_deletions where path = any(%s)", [due])
    return len(due)


@contextmanager
def _alone(connection: psycopg.Connection, token: int | None) -> Iterator[None]:
    """A transaction that has the right to write from its beginning: what is deleted cannot be rolled back."""
    with connection.transaction():
        if token is not None:
            lease.assert_writer_token(connection, token)
        yield
