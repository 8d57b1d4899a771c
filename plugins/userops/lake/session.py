"""DuckDB in this process: bounded memory, temporary files in a folder of its own, nothing downloaded."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from userops.lake.sql import literal


@dataclass(frozen=True)
class Session:
    """A connection, and a private folder for files that are needed while it is open."""

    database: duckdb.DuckDBPyConnection
    scratch: Path


@contextmanager
def open_session(memory_limit: str, threads: int, parent: Path | None = None) -> Iterator[Session]:
    """Open a database in memory; personal data may be in the scratch folder, so nobody else reads it."""
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="userops-", dir=parent) as scratch:
        database = duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": str(threads)})
        try:
            database.execute(f"set memory_limit = {literal(memory_limit)}")
            database.execute(f"set temp_directory = {literal(scratch + '/spill')}")
            database.execute("set timezone = 'UTC'")
            yield Session(database, Path(scratch))
        finally:
            database.close()
