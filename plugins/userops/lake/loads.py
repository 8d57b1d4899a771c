"""Loads, as `meta.load_files` has them: a file of the lake exists by its row there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg
from psycopg.types.json import Jsonb

BY_HAND = "by hand"
# Loads whose file is kept: those that builds read, and those that a person waived.
KEPT_STATES = ("loaded", "waived")
KEPT = timedelta(days=7)
# Nobody can be reading a file that an erasure replaced: whoever erases has the writer's lease.
AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class LakeFile:
    """The current file of a load, and where it is."""

    load_id: int
    export: str
    business_date: date
    path: str
    url: str


@dataclass(frozen=True)
class Load:
    """A row of `meta.load_files` that is to be written."""

    business_date: date
    source: str
    export: str
    file_name: str
    sha256: str
    bytes: int
    state: str
    run_id: str | None = None
    stamp: str | None = None
    reason: str | None = None
    rows_in_file: int = 0
    rows_quarantined: int = 0
    row_set_hash: str | None = None
    columns: list[str] | None = None
    ends_line: bool | None = None
    layout: str | None = None
    whole: str | None = None


def files_as_of(
    connection: psycopg.Connection, as_of: object, url: Callable[[str], str], exports: Iterable[str] | None = None,
    states: Iterable[str] = ("loaded",),
) -> dict[str, list[LakeFile]]:  # fmt: skip
    """The files of loads of business dates up to `as_of`, by export, in the order of their loads."""
    found: dict[str, list[LakeFile]] = {}
    rows = connection.execute(
        "select load_id, export, business_date, lake_path from meta.load_files"
        " where state = any(%(states)s) and lake_path is not null and business_date <= %(as_of)s"
        " and (%(exports)s::text[] is null or export = any(%(exports)s)) order by load_id",
        {"as_of": as_of, "exports": None if exports is None else list(exports), "states": list(states)},
    )
    for load_id, export, business_date, path in rows:
        found.setdefault(export, []).append(LakeFile(load_id, export, business_date, path, url(path)))
    return found


def insert(connection: psycopg.Connection, load: Load) -> int:
    """Write the row of a load; returns its id. A loaded file gets its path by `set_path`."""
    columns = None if load.columns is None else Jsonb(load.columns)
    return connection.execute(
        "insert into meta.load_files (business_date, source, export, file_name, sha256, bytes, state, run_id, stamp,"
        " reason, rows_in_file, rows_loaded, rows_quarantined, row_set_hash, columns, ends_line,"
        " layout, whole)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning load_id",
        [load.business_date, load.source, load.export, load.file_name, load.sha256, load.bytes, load.state, load.run_id,
         load.stamp, load.reason, load.rows_in_file, load.rows_in_file - load.rows_quarantined, load.rows_quarantined,
         load.row_set_hash, columns, load.ends_line, load.layout, load.whole],
    ).fetchone()[0]


def set_path(connection: psycopg.Connection, load_id: int, path: str) -> None:
    """Say where the load's file is."""
    connection.execute("update meta.load_files set lake_path = %s where load_id = %s", [path, load_id])


def replace_file(
    connection: psycopg.Connection, load_id: int, path: str, rows_erased: int, kept: timedelta = KEPT
) -> None:
    """Give a load another revision of its file, with so many rows fewer; the one before is deleted after `kept`."""
    forget_files(connection, [load_id], kept)
    connection.execute(
        "update meta.load_files set lake_path = %s, rows_loaded = rows_loaded - %s, rows_erased = rows_erased + %s"
        " where load_id = %s",
        [path, rows_erased, rows_erased, load_id],
    )


def take_out(connection: psycopg.Connection, load_ids: list[int], reason: str) -> None:
    """Loads that hold no more: their rows are in no build from now on."""
    if not load_ids:
        return
    forget_files(connection, load_ids, KEPT)
    connection.execute("delete from quarantine.rows where load_id = any(%s)", [load_ids])
    connection.execute("delete from meta.column_profiles where load_id = any(%s)", [load_ids])
    connection.execute("delete from vault.personal_texts where load_id = any(%s)", [load_ids])
    connection.execute(
        "update meta.load_files set state = 'replaced', reason = %s where load_id = any(%s)", [reason, load_ids]
    )


def forget_files(connection: psycopg.Connection, load_ids: list[int], kept: timedelta) -> None:
    """Let the current files of loads be deleted after `kept`."""
    connection.execute(
        "insert into meta.lake_deletions (path, delete_after) select lake_path, now() + %s from meta.load_files"
        " where load_id = any(%s) and lake_path is not null"
        " on conflict (path) do update set delete_after = least(lake_deletions.delete_after, excluded.delete_after)",
        [kept, load_ids],
    )
