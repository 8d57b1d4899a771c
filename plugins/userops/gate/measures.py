"""The tables of schema `quality`: dropped before they are measured anew, read to word what was found."""

from collections.abc import Iterable

import psycopg
from psycopg import sql
from psycopg.rows import dict_row


def drop(connection: psycopg.Connection, relations: Iterable[str]) -> None:
    """Drop measures of an earlier run: a measure that fails to build has no answer, not yesterday's."""
    for relation in relations:
        connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(*relation.split("."))))


def read(connection: psycopg.Connection, relation: str) -> list[dict[str, object]] | None:
    """The rows of a measure; None where it is not there."""
    with connection.transaction():
        if connection.execute("select to_regclass(%s)", [relation]).fetchone()[0] is None:
            return None
        query = sql.SQL("select * from {}").format(sql.Identifier(*relation.split(".")))
        return connection.cursor(row_factory=dict_row).execute(query).fetchall()
