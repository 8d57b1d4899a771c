"""dbt's connections over a build: each of its threads keeps its own from node to node.

dbt itself ends a thread's connection after every node. The next node then waits for another one, and finds the new
server process without the catalogue in memory: together a good part of what a node costs where there is little data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from userops.warehouse import server_settings

if TYPE_CHECKING:
    from dbt.adapters.contracts.connection import Connection


@contextmanager
def kept() -> Iterator[None]:
    """Keep dbt's connections to Postgres open between nodes; dbt ends them with its run, as ever.

    What a node left open is rolled back, as if its connection had ended. One that is broken is given up, and the next
    node opens another.
    """
    from dbt.adapters.postgres.connections import PostgresConnectionManager as Manager

    let_go, opened = Manager.release, Manager.open

    def open_to_stay(connection: "Connection") -> "Connection":
        connection = opened(connection)
        with connection.handle.cursor() as cursor:
            cursor.execute(server_settings.SESSION)
        # The role, too, is set in a transaction, and would go with it where the first node ends in a rollback.
        connection.handle.commit()
        return connection

    def release(manager: Manager) -> None:
        connection = manager.get_if_exists()
        if connection is None or connection.state != "open":
            return
        try:
            if connection.handle.get_transaction_status() != TRANSACTION_STATUS_IDLE:
                connection.handle.rollback()
            connection.transaction_open = False
        except psycopg2.Error:
            let_go(manager)

    was_open = Manager.__dict__["open"]
    Manager.open, Manager.release = staticmethod(open_to_stay), release
    try:
        yield
    finally:
        Manager.open = was_open
        del Manager.release  # the one of the base class stands again
