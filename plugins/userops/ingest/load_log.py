"""What `meta.load_files` knows of delivered files, as ingest asks it; `userops.lake.loads` writes it."""

from dataclasses import dataclass
from datetime import date

import psycopg

from userops.ingest.landing import DeliveredFile
from userops.ingest.reading import File
from userops.lake import loads

# Loads that stand for a delivered file: what they brought is stored, or a person declared it known missing.
SETTLED = ("loaded", "waived")


# What tells a file from others: date, source, export, name.
Key = tuple[date, str, str, str]


@dataclass(frozen=True)
class Entry:
    """The newest row of a file that is not replaced."""

    load_id: int
    business_date: date
    export: str
    file_name: str
    source: str
    sha256: str
    stamp: str | None
    state: str
    reason: str | None
    run_id: str | None


def entries(connection: psycopg.Connection, until: date, export: str | None = None) -> dict[Key, list[Entry]]:
    """What is known of each file up to a date, by date, source, export and name; the newest first."""
    found: dict[Key, list[Entry]] = {}
    rows = connection.execute(
        "select load_id, business_date, export, file_name, source, sha256, stamp, state, reason, run_id"
        " from meta.load_files where state <> 'replaced' and business_date <= %(until)s"
        " and (%(export)s::text is null or export = %(export)s) order by load_id desc",
        {"until": until, "export": export},
    )
    for row in rows:
        entry = Entry(*row)
        found.setdefault((entry.business_date, entry.source, entry.export, entry.file_name), []).append(entry)
    return found


def settled(known: list[Entry], delivered: DeliveredFile) -> bool:
    """Whether the file was stored or waived as it now is, by the time it was written."""
    return any(entry.state in SETTLED and entry.stamp == delivered.stamp for entry in known)


def same_bytes(known: list[Entry], sha256: str) -> Entry | None:
    """The row of exactly these bytes, stored or waived before."""
    return next((entry for entry in known if entry.state in SETTLED and entry.sha256 == sha256), None)


def confirm(connection: psycopg.Connection, entry: Entry, stamp: str) -> None:
    """The same bytes were written again."""
    connection.execute("update meta.load_files set stamp = %s where load_id = %s", [stamp, entry.load_id])


def same_content(connection: psycopg.Connection, file: File, row_set_hash: str | None) -> tuple[date, str] | None:
    """Another business date whose loaded file of this source holds the same bytes, or the same rows."""
    return connection.execute(
        "select business_date, case when sha256 = %(sha256)s then 'the same file' else 'the same rows' end"
        " from meta.load_files where export = %(export)s and source = %(source)s and business_date <> %(day)s"
        " and state = 'loaded'"
        " and (sha256 = %(sha256)s or row_set_hash = %(rows)s) order by business_date desc limit 1",
        {"sha256": file.sha256, "rows": row_set_hash, "export": file.contract.name, "day": file.business_date,
         "source": file.delivered.source_name},
    ).fetchone()


def shape_before(connection: psycopg.Connection, file: File) -> tuple[date, list[str] | None, bool | None] | None:
    """Date, columns and end of the newest loaded file of an earlier date that came in the same way."""
    return connection.execute(
        "select business_date, columns, ends_line from meta.load_files"
        " where export = %s and business_date < %s and state = 'loaded' and source = %s and rows_in_file > 0"
        " and right(file_name, length(%s)) = %s order by business_date desc, load_id desc limit 1",
        [file.contract.name, file.business_date, file.delivered.source_name, file.ending, file.ending],
    ).fetchone()


def came_before(connection: psycopg.Connection, file: File) -> bool:
    """Whether the source's export was loaded for an earlier date."""
    return connection.execute(
        "select exists (select from meta.load_files where export = %s and source = %s and business_date < %s"
        " and state = 'loaded')",
        [file.contract.name, file.delivered.source_name, file.business_date],
    ).fetchone()[0]


def sources_before(connection: psycopg.Connection, business_date: date) -> frozenset[str]:
    """The sources of which something was delivered for an earlier date."""
    rows = connection.execute("select distinct source from meta.load_files where business_date < %s", [business_date])
    return frozenset(row[0] for row in rows)


def take_out_earlier(connection: psycopg.Connection, file: File) -> None:
    """What an earlier delivery of the file brought, or a waiver of it, holds no more."""
    rows = connection.execute(
        "select load_id from meta.load_files where export = %s and business_date = %s and source = %s"
        " and file_name = %s and state <> 'replaced'",
        [file.contract.name, file.business_date, file.delivered.source_name, file.delivered.name],
    ).fetchall()
    loads.take_out(connection, [row[0] for row in rows], "delivered again")


def take_out_withdrawn(connection: psycopg.Connection, business_date: date, kept: list[DeliveredFile]) -> None:
    """Nothing stands of files that a folder no longer holds: neither what they brought nor their refusal."""
    present = {file.key for file in kept}
    rows = connection.execute(
        "select load_id, source, export, file_name from meta.load_files where business_date = %s and source <> %s"
        " and state in ('loaded', 'refused')",
        [business_date, loads.BY_HAND],
    ).fetchall()
    gone = [load_id for load_id, *key in rows if tuple(key) not in present]
    loads.take_out(connection, gone, "no longer in the folder")


def write_refusal(connection: psycopg.Connection, file: File, run_id: str, reason: str) -> None:
    """Write down that nothing of a file was loaded, in the place of an earlier refusal of it."""
    again = connection.execute(
        "update meta.load_files set sha256 = %s, bytes = %s, stamp = %s, reason = %s, run_id = %s, loaded_at = now()"
        " where export = %s and business_date = %s and source = %s and file_name = %s and state = 'refused'",
        [file.sha256, file.size, file.stamp, reason, run_id, file.contract.name, file.business_date,
         file.delivered.source_name, file.delivered.name],
    )
    if not again.rowcount:
        loads.insert(connection, load_of(file, "refused", run_id, reason=reason))


def load_of(file: File, state: str, run_id: str, **more: object) -> loads.Load:
    """A row of a file."""
    return loads.Load(
        business_date=file.business_date, source=file.delivered.source_name, export=file.contract.name,
        file_name=file.delivered.name, layout=file.layout, whole=file.whole, sha256=file.sha256, bytes=file.size,
        state=state, run_id=run_id, stamp=file.stamp, **more,
    )  # fmt: skip


def rows_in_folder(connection: psycopg.Connection, export: str, source: str, business_date: date) -> list[int]:
    """Rows of each file of a source of the date that is loaded."""
    return [
        row[0]
        for row in connection.execute(
            "select rows_in_file from meta.load_files where export = %s and source = %s and business_date = %s"
            " and state = 'loaded'",
            [export, source, business_date],
        )
    ]
