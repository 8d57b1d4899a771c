"""The postgres engine: models build in the warehouse, over copies of the lake's files."""

from collections.abc import Iterable, Sequence
from datetime import date

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from userops.engines import warehouse_copy
from userops.engines.postgres_copy import write_arrow
from userops.lake import Lake
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

ROLE = "transformer"
# A change of more files than this share of an export's makes its copy anew.
REFILL_SHARE = 0.5


class PostgresEngine:
    """See `userops.engines.base.Engine`."""

    def __init__(self, settings: Settings, url: str, token: int | None) -> None:
        self.settings, self.url, self.token = settings, url, token
        self._connection: psycopg.Connection | None = None

    def open_raw(self, as_of: date) -> None:
        lake = Lake(self.settings.lake)
        with connect(self.url, ROLE) as connection, lease.transaction(connection, self.token):
            for export, files in lake.files(connection).items():
                _copy_export(connection, lake, export, files)

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
