"""The postgres engine: models build in the warehouse, over copies of the lake's files."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from userops.contracts.model import Contract, load_contracts
from userops.engines import warehouse_copy
from userops.lake import Lake, LakeFile, arrow_schema
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

ROLE, RAW_ROLE = "transformer", "loader"
COPIES_AT_ONCE = 2


class PostgresEngine:
    """See `userops.engines.base.Engine`."""

    def __init__(self, settings: Settings, url: str, token: int | None) -> None:
        self.settings, self.url, self.token = settings, url, token
        self._connection: psycopg.Connection | None = None

    def open_raw(self, as_of: date) -> None:
        """Copy what is new in the lake, and take out what is there no more.

        Models ask for business dates up to D themselves: loads of later dates stay for the run that reads them. Each
        export is a transaction of its own; two at once, as writing CSV and reading it are work of two processes.
        """
        lake = Lake(self.settings.lake)
        with connect(self.url, RAW_ROLE) as connection:
            files = lake.files_as_of(connection, date.max)

        def copy(contract: Contract) -> None:
            with connect(self.url, RAW_ROLE) as connection, lease.transaction(connection, self.token):
                _copy_export(connection, lake, contract, files.get(contract.name, []))

        with ThreadPoolExecutor(COPIES_AT_ONCE) as pool:
            for done in [pool.submit(copy, contract) for contract in load_contracts().values()]:
                done.result()

    def dbt_target(self) -> dict[str, object]:
        parts = conninfo_to_dict(self.url)
        return {
            "type": "postgres",
            "host": str(parts.get("host") or "127.0.0.1"),
            "port": int(parts.get("port") or 5432),
            "user": str(parts.get("user") or "postgres"),
            "password": str(parts.get("password") or ""),
            "dbname": str(parts.get("dbname") or "userops"),
            "role": ROLE,
            "schema": "build",
            "threads": 2,
        }

    def dbt_command(self) -> None:
        """dbt runs in this process."""

    def read(self, relation: str, columns: Sequence[str] | None = None) -> pa.RecordBatchReader:
        return warehouse_copy.read(self.url, self._open(), relation, columns)

    def write(self, relation: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        with lease.transaction(self._open(), self.token):
            warehouse_copy.replace(self._open(), relation, rows)

    def deliver(self, relations: Iterable[str]) -> None:
        """Everything was built in the warehouse."""

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = connect(self.url, ROLE, autocommit=True)
        return self._connection


def _copy_export(connection: psycopg.Connection, lake: Lake, contract: Contract, files: list[LakeFile]) -> None:
    """Make the export's raw table hold exactly the rows of these files; `meta.raw_copies` says which it holds."""
    table, schema = sql.Identifier("raw", contract.name), arrow_schema(contract)
    if warehouse_copy.columns_of(connection, f"raw.{contract.name}") != schema.names:
        warehouse_copy.replace(connection, f"raw.{contract.name}", schema.empty_table())
        connection.execute(sql.SQL("grant select on {} to {}").format(table, sql.Identifier(ROLE)))
        connection.execute("delete from meta.raw_copies where export = %s", [contract.name])
    held = dict(
        connection.execute("select lake_path, load_id from meta.raw_copies where export = %s", [contract.name])
    )
    wanted = {file.path: file for file in files}
    gone = [load_id for path, load_id in held.items() if path not in wanted]
    if gone:
        connection.execute(sql.SQL("delete from {} where _load_id = any(%s)").format(table), [gone])
        connection.execute(
            "delete from meta.raw_copies where export = %s and load_id = any(%s)", [contract.name, gone]
        )
    new = [file for path, file in wanted.items() if path not in held]
    is_empty = not held or len(gone) == len(held)
    if new and is_empty:
        connection.execute(sql.SQL("truncate {}").format(table))
    for file in new:
        rows = lake.read(file.path, schema)
        warehouse_copy.append(connection, f"raw.{contract.name}", rows, is_new=is_empty)
        connection.execute(
            "insert into meta.raw_copies (export, lake_path, load_id) values (%s, %s, %s)",
            [contract.name, file.path, file.load_id],
        )
    if gone or new:
        connection.execute(sql.SQL("analyze {}").format(table))
