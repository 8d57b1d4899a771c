"""The duckdb engine: models build in this process, in a file below USEROPS_HOME that may be lost at any time.

Raw tables are views over the lake's files. Results go to the warehouse by COPY.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import duckdb
import pyarrow as pa

from userops.contracts.model import load_contracts
from userops.engines import warehouse_copy
from userops.engines.base import META_RELATIONS, NoRelation
from userops.lake import Lake, create_view
from userops.machine import memory_bytes
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

ROLE = "transformer"
SCHEMAS = ("raw", "meta", "staging", "build", "quality")


class DuckdbEngine:
    """See `userops.engines.base.Engine`."""

    def __init__(self, settings: Settings, url: str, token: int | None) -> None:
        self.settings, self.url, self.token = settings, url, token
        self.path = settings.home / "duckdb" / "models.duckdb"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._connection: duckdb.DuckDBPyConnection | None = None

    def open_raw(self, as_of: date) -> None:
        self.close()
        # Nothing in the file outlives a run: what is left of the last one may be of other code or other data.
        for path in (self.path, self.path.with_suffix(".duckdb.wal")):
            path.unlink(missing_ok=True)
        database = self._open()
        for schema in SCHEMAS:
            database.execute(f"create schema if not exists {schema}")
        with connect(self.url, ROLE) as connection:
            files = Lake(self.settings.lake).files_as_of(connection, as_of)
            for export, contract in load_contracts().items():
                create_view(database, f"raw.{export}", contract, [file.url for file in files.get(export, [])])
            for relation in META_RELATIONS:
                self.write(relation, warehouse_copy.read(self.url, connection, relation))

    def dbt_target(self) -> dict[str, object]:
        return {
            "type": "duckdb",
            "path": str(self.path),
            "schema": "build",
            "threads": 2,
            "settings": self._limits(),
            **self._filesystems(),
        }

    def dbt_command(self) -> None:
        """dbt runs in this process."""

    def read(self, relation: str, columns: Sequence[str] | None = None) -> pa.RecordBatchReader:
        try:
            return self._open().sql(f"select {', '.join(columns or ['*'])} from {relation}").to_arrow_reader()
        except duckdb.CatalogException as error:
            raise NoRelation(relation) from error

    def write(self, relation: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        database = self._open()
        database.register("incoming_rows", rows)
        database.execute(f"create or replace table {relation} as select * from incoming_rows")
        database.unregister("incoming_rows")

    def deliver(self, relations: Iterable[str]) -> None:
        with connect(self.url, ROLE) as connection, lease.transaction(connection, self.token):
            for relation in relations:
                warehouse_copy.replace(connection, relation, self.read(relation))

    def close(self) -> None:
        """dbt opens the file by itself: it is given up between its parts."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = duckdb.connect(str(self.path))
            for name, value in self._limits().items():
                self._connection.execute(f"set {name} = '{value}'")
            Lake(self.settings.lake).register(self._connection)
        return self._connection

    def _limits(self) -> dict[str, object]:
        """Memory and threads of the machine, or as the settings say; temporary files stay below USEROPS_HOME."""
        spill = self.path.parent / "spill"
        spill.mkdir(exist_ok=True)
        return {
            "memory_limit": self.settings.memory_limit or f"{memory_bytes() * 6 // 10 >> 20}MiB",
            "threads": self.settings.threads,
            "temp_directory": str(spill),
            "preserve_insertion_order": False,
            "TimeZone": "UTC",
        }

    def _filesystems(self) -> dict[str, object]:
        protocol = Lake(self.settings.lake).protocol
        return {} if protocol == "file" else {"filesystems": [{"fs": protocol}]}
