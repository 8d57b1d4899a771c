"""The raw tables, one an export, made from the contracts by the loader role."""

import psycopg
from psycopg import sql

from userops.contracts.model import Contract, load_contracts
from userops.contracts.render import BOOKKEEPING, source_columns


def raw_columns(contract: Contract) -> list[tuple[str, str]]:
    """Name and type of every column of the raw table."""
    columns = [(column.name, column.type) for column in contract.columns]
    columns += [(f"{column.name}_hash", "text") for column in contract.identifiers]
    return columns + [(name, kind) for name, kind, _ in BOOKKEEPING]


def ensure_raw_tables(connection: psycopg.Connection) -> None:
    """Create missing raw tables and columns and grant the transformer what is not personal (the caller commits).

    A type that changed is not altered here: that is a migration a person decides on.
    """
    connection.execute("select pg_advisory_xact_lock(hashtext('userops.raw_tables'))")
    present: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'raw'"
    ):
        present.setdefault(table, set()).add(column)
    for contract in load_contracts().values():
        _ensure(connection, contract, present.get(contract.name))


def _ensure(connection: psycopg.Connection, contract: Contract, present: set[str] | None) -> None:
    table = sql.Identifier("raw", contract.name)
    wanted = raw_columns(contract)
    missing = [(name, kind) for name, kind in wanted if present is None or name not in present]
    if not missing:
        return
    if present is None:
        columns = sql.SQL(", ").join(_definition(*column) for column in wanted)
        connection.execute(sql.SQL("create table {} ({})").format(table, columns))
        connection.execute(sql.SQL("create index on {} (_load_id)").format(table))
        # Nights are asked for by date, and rows lie in the order of nights: a few pages tell where.
        connection.execute(sql.SQL("create index on {} using brin (_business_date) with (autosummarize)").format(table))
    else:
        for column in missing:
            connection.execute(sql.SQL("alter table {} add column {}").format(table, _definition(*column)))
    readable = sql.SQL(", ").join(sql.Identifier(name) for name, _, _ in source_columns(contract))
    connection.execute(sql.SQL("grant select ({}) on {} to transformer").format(readable, table))
    connection.execute(sql.SQL("comment on table {} is {}").format(table, sql.Literal(contract.description)))


def _definition(name: str, kind: str) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
