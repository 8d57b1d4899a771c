"""The spark engine: models build on a Spark cluster, with dbt and Spark in an environment of their own (`make spark`).

This process knows no Spark. The two meet in Parquet files, which every machine of the cluster sees, and in a catalogue
of them; `spark_worker.py` runs dbt. Results go to the warehouse by COPY.
"""

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyarrow import dataset, parquet

from userops.contracts.model import load_contracts
from userops.engines import warehouse_copy
from userops.engines.base import META_RELATIONS, NoRelation
from userops.errors import UseropsError
from userops.lake import Lake, LakeFile, arrow_schema
from userops.lake.files import missing
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

ROLE = "transformer"
# Plans of rules over a hundred tags do not fit into Spark's default of 1 GB.
DRIVER_MEMORY = "4GB"
SCHEMAS = ("raw", "meta", "staging", "build", "quality")
WORKER = Path(__file__).parents[1] / "transform" / "spark_worker.py"
_SPARK = {
    pa.bool_(): "boolean",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.date32(): "date",
}
# Each session is alike whatever the cluster's defaults are: days are days in UTC, a wrong cast is an error, timestamps
# are instants that Arrow reads, and a table is made anew over the files of an earlier try.
SESSION = {
    "spark.app.name": "userops",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.legacy.allowNonEmptyLocationInCTAS": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


class SparkEngine:
    """See `userops.engines.base.Engine`."""

    def __init__(self, settings: Settings, url: str, token: int | None) -> None:
        self.settings, self.url, self.token = settings, url, token
        self.root = settings.spark_files
        self.catalog, self.session = self.root / "catalog.json", self.root / "session.json"

    def open_raw(self, as_of: date) -> None:
        # Nothing outlives a run: what is left of the last one may be of other code or other data.
        # The folder is one that people name: what else is in it stays.
        self.root.mkdir(parents=True, exist_ok=True)
        self.catalog.unlink(missing_ok=True)
        for schema in SCHEMAS:
            shutil.rmtree(self.root / schema, ignore_errors=True)
        with connect(self.url, ROLE) as connection:
            lake = Lake(self.settings.lake)
            files, there = lake.files_as_of(connection, as_of), {path for path, _ in lake.listing()}
            # Spark reads what a pattern finds, and says nothing of what it does not.
            for lost in (file.path for found in files.values() for file in found if file.path not in there):
                raise missing(lost)
            for export, contract in load_contracts().items():
                self._open_export(export, arrow_schema(contract), files.get(export, []))
            for relation in META_RELATIONS:
                self.write(relation, warehouse_copy.read(self.url, connection, relation))

    def dbt_target(self) -> dict[str, object]:
        return {
            "type": "spark",
            "method": "session",
            "host": "session",
            "schema": "build",
            "threads": self.settings.threads,
        }

    def dbt_command(self) -> list[str]:
        """dbt in the environment of Spark; its session is configured by a file."""
        python = self.settings.spark_venv / "bin" / "python"
        if not python.exists():
            raise UseropsError(
                f"The spark engine's environment {self.settings.spark_venv} is not there.",
                fix="make it by `make spark`, or set USEROPS_SPARK_VENV to where it is.",
            )
        self.root.mkdir(parents=True, exist_ok=True)
        session = {"conf": self._conf(), "catalog": str(self.catalog), "exports": str(self.root)}
        self.session.write_text(json.dumps(session, indent=1), encoding="utf-8")
        # Isolated: neither the worker's folder nor this environment is searched for modules.
        return [str(python), "-I", str(WORKER), str(self.session)]

    def read(self, relation: str, columns: Sequence[str] | None = None) -> pa.RecordBatchReader:
        folder = self._folder(relation)
        if not folder.exists():
            raise NoRelation(relation)
        return dataset.dataset(folder, format="parquet").scanner(columns=columns and list(columns)).to_reader()

    def write(self, relation: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        folder = self._folder(relation)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with parquet.ParquetWriter(folder / "part-0.parquet", rows.schema) as file:
            for batch in rows.to_batches() if isinstance(rows, pa.Table) else rows:
                file.write_batch(batch)
        self._enter(relation, rows.schema, str(folder))

    def deliver(self, relations: Iterable[str]) -> None:
        with connect(self.url, ROLE) as connection, lease.transaction(connection, self.token):
            for relation in relations:
                warehouse_copy.replace(connection, relation, self.read(relation))

    def close(self) -> None:
        """Files alone: nothing is open between two calls."""

    def _open_export(self, export: str, schema: pa.Schema, files: list[LakeFile]) -> None:
        """Make an export's files known as one table; columns that a file lacks are null there."""
        relation = f"raw.{export}"
        if not files:
            self.write(relation, schema.empty_table())
            return
        folder = files[0].url.rpartition("/")[0]
        names = ",".join(file.url.rpartition("/")[2] for file in files)
        self._enter(relation, schema, f"{folder}/{{{names}}}")

    def _enter(self, relation: str, schema: pa.Schema, location: str) -> None:
        """Write a relation's entry into the catalogue."""
        known = json.loads(self.catalog.read_text(encoding="utf-8")) if self.catalog.exists() else {}
        columns = ", ".join(f"`{field.name}` {_spark_type(field.type)}" for field in schema)
        known[relation] = {"columns": columns, "location": location}
        self.catalog.write_text(json.dumps(known, indent=1), encoding="utf-8")

    def _folder(self, relation: str) -> Path:
        return self.root.joinpath(*relation.split("."))

    def _conf(self) -> dict[str, str]:
        master, conf = self.settings.spark_master, SESSION | {"spark.master": self.settings.spark_master}
        conf["spark.sql.warehouse.dir"] = str(self.root)
        conf["spark.driver.memory"] = f"{_mebibytes(self.settings.memory_limit or DRIVER_MEMORY)}m"
        if master.startswith("local"):
            conf["spark.sql.shuffle.partitions"] = str(self.settings.threads)
        return conf


def _mebibytes(size: str) -> int:
    """A size such as 1.5GB: Java takes whole numbers alone."""
    number, unit = re.fullmatch(r"([\d.]+) ?([KMGT])i?B", size, re.IGNORECASE).groups()
    return int(float(number) * 1024 ** ("KMGT".index(unit.upper()) - 1))


def _spark_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return _SPARK[kind]
