"""Every source of the dbt project as an empty table: what a business that delivered nothing has, without a server."""

from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from userops.engines.duckdb import SCHEMAS, DuckdbEngine
from userops.settings import Settings
from userops.tags import store
from userops.tags.catalog import load_catalog
from userops.transform import dbt, profiles

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


def prepared(settings: Settings, day: date) -> DuckdbEngine:
    """The engine duckdb with its profile and every source, empty but for the run's parameters and the tags."""
    engine = DuckdbEngine(settings, "", None)
    profiles.write(settings, engine.dbt_target())
    make(engine, dbt.parse(settings))
    parameters = {
        "business_date": day, "timezone": settings.timezone, "currency": settings.currency,
        "run_id": "empty", "token": 1
    }  # fmt: skip
    engine.write("meta.run_parameters", pa.Table.from_pylist([parameters]))
    for name, table in store.tables(load_catalog(settings.project_root)).items():
        engine.write(f"build.{name}", table)
    engine.close()
    return engine


def make(engine: DuckdbEngine, manifest: "Manifest") -> None:
    """Make the sources with the columns that the project declares."""
    database = engine._open()
    for schema in SCHEMAS:
        database.execute(f"create schema if not exists {schema}")
    for source in manifest.sources.values():
        columns = ", ".join(f"{column.name} {column.data_type}" for column in source.columns.values())
        if columns:
            database.execute(f"create or replace table {source.schema}.{source.identifier} ({columns})")
