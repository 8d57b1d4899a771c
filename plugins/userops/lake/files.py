"""Files of the lake: a folder, or any place that fsspec knows."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import fsspec
import psycopg
import pyarrow as pa
from pyarrow import parquet

from userops.errors import EXIT_FAILED, UseropsError
from userops.lake import loads
from userops.lake.loads import LakeFile

RAW = "raw"


class Lake:
    """A place of files; paths are relative to its root, so that a lake may be moved."""

    def __init__(self, url: str) -> None:
        try:
            self.files, self.root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UseropsError(
                f"The lake {url} cannot be opened: {error}.",
                fix="USEROPS_LAKE is a folder, or a URL of s3://, gs:// or another kind that fsspec knows.",
            ) from error
        protocol = self.files.protocol
        self.protocol = protocol if isinstance(protocol, str) else protocol[0]
        self.is_local = self.protocol in ("file", "local")

    def files_as_of(self, connection: psycopg.Connection, as_of: object) -> dict[str, list[LakeFile]]:
        """The files of all loads known by the end of a business date, by export; `url` is where each is."""
        return loads.files_as_of(connection, as_of, self.url)

    def url(self, path: str) -> str:
        """A path as DuckDB and others open it."""
        place = f"{self.root.rstrip('/')}/{path}"
        return place if self.is_local else f"{self.protocol}://{place.lstrip('/')}"

    def register(self, database: duckdb.DuckDBPyConnection) -> None:
        """Let a DuckDB connection read the lake."""
        if not self.is_local:
            database.register_filesystem(self.files)

    def put(self, local: Path, path: str) -> None:
        """Store a finished file; it is on disk when this returns."""
        place = self._place(path)
        if self.is_local:
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            _store(local, Path(place))
        else:
            self.files.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
            self.files.put_file(str(local), place)

    def get(self, path: str, local: Path) -> None:
        """Copy a file to this machine."""
        try:
            self.files.get_file(self._place(path), str(local))
        except FileNotFoundError as error:
            raise missing(path) from error

    def read(self, path: str, schema: pa.Schema) -> pa.RecordBatchReader:
        """Stream a file's rows with the columns of `schema`; a column that an older file lacks is null."""
        return pa.RecordBatchReader.from_batches(schema, self._batches(path, schema))

    def _batches(self, path: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            opened = self.files.open(self._place(path), "rb")
        except FileNotFoundError as error:
            raise missing(path) from error
        with opened, parquet.ParquetFile(opened) as file:
            for batch in file.iter_batches():
                known = set(batch.schema.names)
                columns = [
                    batch.column(field.name).cast(field.type) if field.name in known
                    else pa.nulls(batch.num_rows, field.type)
                    for field in schema
                ]
                yield pa.record_batch(columns, schema=schema)

    def delete(self, path: str) -> None:
        """Delete a file; it may be gone already."""
        if self.files.exists(self._place(path)):
            self.files.rm_file(self._place(path))

    def listing(self) -> Iterator[tuple[str, datetime]]:
        """Every file with the time it was written."""
        self.files.invalidate_cache()
        base = self._place(RAW)
        if not self.files.exists(base):
            return
        for place, known in self.files.find(base, detail=True).items():
            relative = f"{RAW}/{str(place).split(f'{base}/', 1)[1]}"
            yield relative, _written_at(self.files, str(place), known)

    def _place(self, path: str) -> str:
        return f"{self.root.rstrip('/')}/{path}"


def path_of(export: str, load_id: int, revision: int) -> str:
    """Where a revision of a load is kept."""
    return f"{RAW}/{export}/{load_id}-{revision}.parquet"


def next_revision(path: str) -> str:
    """The path of the revision after this one."""
    stem, _, revision = path.removesuffix(".parquet").rpartition("-")
    return f"{stem}-{int(revision) + 1}.parquet"


def missing(path: str) -> UseropsError:
    """What is said when a load's file is gone."""
    return UseropsError(
        f"The lake has no file {path}, which a load refers to.",
        fix="restore it from the lake's backup, or deliver its file again (`userops status` names the load).",
        exit_code=EXIT_FAILED,
    )


def _store(local: Path, place: Path) -> None:
    """Move a file into the lake so that it is there whole or not at all, also after a crash of the machine."""
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    shutil.move(local, temporary)
    _sync(temporary)
    temporary.replace(place)
    _sync(place.parent)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _written_at(files: fsspec.AbstractFileSystem, place: str, known: dict) -> datetime:
    found = known.get("mtime") or known.get("created") or known.get("LastModified") or files.modified(place)
    at = datetime.fromtimestamp(found, UTC) if isinstance(found, int | float) else found
    return at if at.tzinfo else at.replace(tzinfo=UTC)
