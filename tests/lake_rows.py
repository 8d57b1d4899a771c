"""The rows of a lake, as tests ask for them: SQL over `raw.<export>`, run by DuckDB.

Personal columns, which no file of the lake holds, are looked up in the vault by hash, or by load and line.
"""

from datetime import date

import duckdb
import psycopg
import pyarrow as pa

from userops.contracts.model import Contract, load_contracts
from userops.lake import Lake
from userops.lake.schema import select_files
from userops.settings import Settings


def raw(connection: psycopg.Connection, settings: Settings, query: str, parameters: list | None = None) -> list[tuple]:
    """Rows of a query over everything that is stored; instants are in the business's zone."""
    lake = Lake(settings.lake)
    with duckdb.connect() as database:
        lake.register(database)
        database.execute("set timezone = 'Asia/Shanghai'")
        database.execute("create schema raw")
        stored = lake.files_as_of(connection, date.max)
        _vault(connection, database)
        connection.commit()
        for name, contract in load_contracts().items():
            if f"raw.{name}" in query:
                urls = [file.url for file in stored.get(name, [])]
                database.execute(f"create view raw.{name} as {_with_personal(contract, urls)}")
        return database.execute(query, parameters or []).fetchall()


def _vault(connection: psycopg.Connection, database: duckdb.DuckDBPyConnection) -> None:
    queries = {
        "identifiers": "select kind, hash, min(raw_value) as value from vault.identifiers group by kind, hash",
        "texts": "select load_id::text as kind, line::text || column_name as hash, value from vault.personal_texts",
    }
    for name, query in queries.items():
        rows = connection.execute(query).fetchall()
        columns = ("kind", "hash", "value")
        table = pa.table({c: pa.array([row[n] for row in rows], pa.string()) for n, c in enumerate(columns)})
        database.register("incoming", table)
        database.execute(f"create table {name} as select * from incoming")


def _with_personal(contract: Contract, urls: list[str]) -> str:
    columns = []
    for column in contract.columns:
        if column.is_identifier:
            kind = f"'{column.identifier}'" if column.identifier else f"rows.{column.identifier_in}"
            found = f"identifiers.kind = {kind} and hash = rows.{column.stored_name}"
            columns.append(f"(select identifiers.value from identifiers where {found}) as {column.name}")
        elif column.personal:
            found = f"kind = _load_id::varchar and hash = _line || '{column.name}'"
            columns.append(f"(select value from texts where {found}) as {column.name}")
    return f"select {', '.join(['*', *columns])} from ({select_files(contract, urls)}) as rows"
