"""The books of loads: `meta.load_files` says for every file what came of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from userops.ingest.landing import Folder
    from userops.ingest.loader import File
    from userops.ingest.staged import Staged


BY_HAND = "by hand"


def is_loaded(connection: psycopg.Connection, export: str, business_date: date, name: str, sha256: str) -> bool:
    """Whether exactly this file of this date is in the raw table."""
    return connection.execute(
        "select exists (select from meta.load_files where export = %s and business_date = %s and file_name = %s"
        " and sha256 = %s and state = 'loaded')",
        [export, business_date, name, sha256],
    ).fetchone()[0]


def same_content(connection: psycopg.Connection, file: File, row_set_hash: str | None) -> tuple[date, str] | None:
    """Another business date whose loaded file holds the same bytes, or the same rows."""
    found = connection.execute(
        "select business_date, case when sha256 = %(sha256)s then 'the same file' else 'the same rows' end"
        " from meta.load_files where export = %(export)s and business_date <> %(day)s and state = 'loaded'"
        " and (sha256 = %(sha256)s or row_set_hash = %(rows)s) order by business_date desc limit 1",
        {"sha256": file.sha256, "rows": row_set_hash, "export": file.contract.name, "day": file.business_date},
    ).fetchone()
    return found


def shape_before(connection: psycopg.Connection, file: File) -> tuple[date, list[str] | None, bool | None] | None:
    """Date, columns and end of the newest loaded file of an earlier date that came in the same way."""
    return connection.execute(
        "select business_date, columns, ends_line from meta.load_files"
        " where export = %s and business_date < %s and state = 'loaded' and profile = %s and rows_in_file > 0"
        " and right(file_name, length(%s)) = %s order by business_date desc, load_id desc limit 1",
        [file.contract.name, file.business_date, file.source.profile, file.ending, file.ending],
    ).fetchone()


def came_before(connection: psycopg.Connection, export: str, business_date: date) -> bool:
    """Whether the export was loaded for an earlier date."""
    return connection.execute(
        "select exists (select from meta.load_files where export = %s and business_date < %s and state = 'loaded')",
        [export, business_date],
    ).fetchone()[0]


def replace_earlier(connection: psycopg.Connection, export: str, business_date: date, name: str) -> None:
    """Take out what an earlier version of this file brought."""
    _take_out(connection, export, business_date, "file_name = %s", [name], "delivered again")


def forget_missing(connection: psycopg.Connection, export: str, business_date: date, names: list[str]) -> None:
    """Take out what files brought that are no longer in the folder."""
    which = "file_name <> all(%s) and source <> %s"
    _take_out(connection, export, business_date, which, [names, BY_HAND], "no longer in the folder")


def write_by_hand(connection: psycopg.Connection, export: str, business_date: date, name: str) -> int:
    """Book one row that a command wrote rather than a file; no delivery takes it out."""
    return connection.execute(
        "insert into meta.load_files (business_date, export, file_name, sha256, source, bytes, rows_in_file,"
        " rows_loaded, rows_quarantined, state) values (%s, %s, %s, '', %s, 0, 1, 1, 0, 'loaded') returning load_id",
        [business_date, export, name, BY_HAND],
    ).fetchone()[0]


def settle_withdrawn(connection: psycopg.Connection, business_date: date, folder: Folder) -> None:
    """Nothing stands of files that the folder no longer holds: neither what they brought nor their refusal.

    Rows stay where the whole folder is away: that is a landing place out of reach, not a decision.
    """
    if folder.exists:
        brought = connection.execute(
            "select distinct export from meta.load_files where business_date = %s and state = 'loaded'", [business_date]
        ).fetchall()
        for (export,) in brought:
            forget_missing(connection, export, business_date, [source.name for source in folder.of(export)])
    connection.execute(
        "update meta.load_files set state = 'replaced', reason = 'no longer in the folder; refused: ' || reason"
        " where business_date = %s and state = 'refused' and file_name <> all(%s)",
        [business_date, [source.name for source in folder.sources]],
    )


def _take_out(
    connection: psycopg.Connection, export: str, business_date: date, which: str, parameters: list, reason: str
) -> None:
    loads = [
        row[0]
        for row in connection.execute(
            "select load_id from meta.load_files where export = %s and business_date = %s and state = 'loaded'"
            f" and {which}",
            [export, business_date, *parameters],
        )
    ]
    if not loads:
        return
    connection.execute(
        sql.SQL("delete from {} where _load_id = any(%s)").format(sql.Identifier("raw", export)), [loads]
    )
    connection.execute("delete from quarantine.rows where load_id = any(%s)", [loads])
    connection.execute(
        "update meta.load_files set state = 'replaced', reason = %s where load_id = any(%s)", [reason, loads]
    )


def write_load(
    connection: psycopg.Connection, file: File, staged: Staged, quarantined: int, row_set_hash: str | None
) -> int:
    """Book a loaded file; returns its load id."""
    load_id = _write(connection, file, "loaded", None, staged.rows, quarantined, row_set_hash)
    connection.execute(
        "update meta.load_files set columns = %s, ends_line = %s where load_id = %s",
        [staged.columns, staged.ends_line, load_id],
    )
    return load_id


def write_refusal(connection: psycopg.Connection, file: File, reason: str) -> int:
    """Book a refused file: nothing of it was loaded."""
    return _write(connection, file, "refused", reason, 0, 0, None)


def _write(
    connection: psycopg.Connection, file: File, state: str, reason: str | None, rows: int, quarantined: int,
    row_set_hash: str | None,
) -> int:
    return connection.execute(
        "insert into meta.load_files (business_date, export, file_name, sha256, row_set_hash, source, bytes,"
        " rows_in_file, rows_loaded, rows_quarantined, state, reason, run_id)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning load_id",
        [file.business_date, file.contract.name, file.source.name, file.sha256, row_set_hash, file.source.profile,
         file.size, rows, rows - quarantined, quarantined, state, reason, file.run_id],
    ).fetchone()[0]


def rows_in_folder(connection: psycopg.Connection, export: str, business_date: date) -> list[int]:
    """Rows of each file of the date that is loaded."""
    return [
        row[0]
        for row in connection.execute(
            "select rows_in_file from meta.load_files where export = %s and business_date = %s and state = 'loaded'",
            [export, business_date],
        )
    ]
