"""What the pages show, read in one read-only snapshot as the reader BI tools are."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from userops.errors import EXIT_FAILED, UseropsError, first_line
from userops.site.models import Block, Figures
from userops.site.pages import query_columns
from userops.warehouse.connection import connect

log = logging.getLogger(__name__)
NAMED = re.compile(r'(?:relation|column) "?([\w.]+)"? does not exist')


@dataclass(frozen=True)
class Rows:
    """A query's answer; `missing` names the mart or column that this warehouse does not have."""

    columns: list[str] = field(default_factory=list)
    rows: list[tuple] = field(default_factory=list)
    missing: str = ""

    def dicts(self) -> list[dict]:
        """The rows as mappings."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@contextmanager
def snapshot(url: str) -> Iterator[psycopg.Connection]:
    """One REPEATABLE READ, read-only transaction as `bi_reader`: every page shows the same version."""
    with connect(url, "bi_reader") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def ask(connection: psycopg.Connection, query: str) -> Rows:
    """The query's rows, or the name of what it reads and the warehouse does not have."""
    try:
        with connection.transaction():  # a savepoint, so that a missing mart spoils nothing else
            cursor = connection.execute(query)
            return Rows([column.name for column in cursor.description], cursor.fetchall())
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        found = NAMED.search(first_line(error))
        return Rows(missing=found[1] if found else first_line(error))


def ask_block(connection: psycopg.Connection, file: str, block: Figures | Block) -> Rows:
    """The rows of one block, which have all columns that it names."""
    try:
        answer = ask(connection, block.sql)
    except (psycopg.ProgrammingError, psycopg.DataError) as error:
        raise UseropsError(
            f"dashboards/{file}, block {block.id}: {first_line(error)}.",
            fix="correct its sql, then run `userops site`; the last site is still served.",
            exit_code=EXIT_FAILED,
        ) from error
    if answer.missing:
        log.warning("dashboards/%s, block %s: %s is not delivered", file, block.id, answer.missing)
        return answer
    absent = sorted(query_columns(block) - set(answer.columns))
    if absent:
        raise UseropsError(
            f"dashboards/{file}, block {block.id}: its sql has no column {', '.join(absent)}.",
            fix="select it, or correct its name in the block.",
            exit_code=EXIT_FAILED,
        )
    return answer
