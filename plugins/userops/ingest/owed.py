"""What the source systems still owe: files that were refused, or are missing. A person may waive them.

The raw checks judge rows. A file that is refused whole leaves none, so its absence is looked for in the load log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import psycopg

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.ingest import load_log, work
from userops.ingest.delivery import ANY, exports_of, lacking
from userops.ingest.landing import Folder, label, list_dates, list_folder
from userops.lake import loads
from userops.platforms.source import CANONICAL
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

CHECK = "earlier_delivery"
WHOLE = "every delivered file stored, none missing"
REFUSED, MISSING, NOT_STORED = "refused", "missing", "not stored"


@dataclass(frozen=True)
class Owed:
    """A file that a build lacks: `file_name` is what people call it (`shopify/orders_export_1.csv`).

    It is empty where no file of the export came, or names the source alone (`shopify/`) where only others' came.
    """

    business_date: date
    export: str
    file_name: str
    kind: str
    what: str
    severity: str
    run_id: str | None = None


def owed(connection: psycopg.Connection, settings: Settings, until: date) -> list[Owed]:
    """Everything that is owed, or delivered and not stored, of dates up to `until`, oldest first.

    What is absent is asked of folders after the first published date alone.
    """
    published, waived = work.published_dates(connection), work.waivers(connection, until)
    known = load_log.entries(connection, until)
    found: list[Owed] = []
    for day in sorted({*list_dates(settings, until), *(key[0] for key in known)}):
        folder = list_folder(settings, day)
        found += _refused(folder, day, known, until)
        found += _not_stored(folder, day, known)
        if folder.exists and published is not None and day > published[0]:
            found += _missing(settings, folder, day, known, waived.get(day, frozenset()))
    return found


def _refused(folder: Folder, day: date, known: work.Known, until: date) -> Iterator[Owed]:
    """Refusals of files that are still there; of a folder that is away, of all."""
    present = {file.key for file in folder.delivered}
    for (of_day, *key), entries in known.items():
        source, export, file_name = key
        if of_day != day or (folder.exists and tuple(key) not in present):
            continue
        name = label(source, file_name)
        refusal = next((entry for entry in entries if entry.state == "refused"), None)
        if refusal is not None:
            holds = "; the delivery before it holds" * any(entry.state == "loaded" for entry in entries)
            severity = work.severity_of_refusal(load_contracts()[export], entries, day, until)
            yield Owed(day, export, name, REFUSED, f"{name} of {day} refused: {refusal.reason}{holds}", severity,
                       refusal.run_id)


def _not_stored(folder: Folder, day: date, known: work.Known) -> Iterator[Owed]:
    for file in work.unsettled(folder, day, known):
        if not any(entry.state == "refused" for entry in known.get((day, *file.key), [])):
            yield Owed(day, file.export, file.label, NOT_STORED, f"{file.label} of {day} is not stored", "critical")


def _missing(
    settings: Settings, folder: Folder, day: date, known: work.Known, waived: frozenset[str]
) -> Iterator[Owed]:
    come = {(file.source_name, file.export) for file in folder.delivered}
    come |= {(source, export) for of_day, source, export, _ in known if of_day == day}
    before = frozenset(source for of_day, source, _, _ in known if of_day < day)
    for lack in lacking(settings, come, before, waived):
        if lack.severity == "critical":
            name = f"{lack.source}/" if lack.source else ""
            yield Owed(day, lack.export, name, MISSING, f"no file{lack.whose} of {day}", "critical")


def check_owed(
    connection: psycopg.Connection, settings: Settings, business_date: date, run_id: str
) -> list[CheckResult]:
    """What earlier dates owe, and files that this run did not store; what this run was told already is left out."""
    found = [
        _answer(item) for item in owed(connection, settings, business_date)
        if item.run_id != run_id and (item.business_date < business_date or item.kind == NOT_STORED)
    ]
    return found or [CheckResult(CHECK, "manifest", "folder", "critical", True, "nothing owed", WHOLE)]


def _answer(item: Owed) -> CheckResult:
    owner = load_contracts()[item.export].owner
    fix = {
        REFUSED: f"have {item.file_name} delivered again",
        MISSING: f"have {owner} deliver {item.export}",
        NOT_STORED: "run again",
    }[item.kind]
    name = f"{item.file_name}{item.export}" if item.kind == MISSING else item.file_name
    waive = "" if item.kind == NOT_STORED else (
        f", or declare it known missing: `userops waive {name} --date {item.business_date} --by NAME --reason …`"
    )
    return CheckResult(CHECK, "manifest", item.export, item.severity, False, item.what, WHOLE, f"{fix}{waive}")


def waive(url: str, settings: Settings, name: str, business_date: date, by: str, reason: str) -> list[str]:
    """Declare a file of a date known missing; returns the exports concerned.

    Its rows are in no build until it is replaced. `name` is the file's name, `<source>/<file>` where several sources
    have one of that name; an export's name stands for its file where none came.
    """
    source, _, file_name = name.rpartition("/")
    with connect(url) as connection, connection.transaction():
        # Nobody may be building from what is taken away: as with a run, another writer refuses this.
        lease.acquire_in(connection, "waive")
        source = source or _whose(connection, settings, file_name, business_date)
        why = f"waived by {by}: {reason}"
        concerned = connection.execute(
            "update meta.load_files set state = 'waived', reason = %s where business_date = %s and source = %s"
            " and file_name = %s and state in ('loaded', 'refused') returning export",
            [why, business_date, source, file_name],
        ).fetchall()
        exports = {row[0] for row in concerned}
        exports |= _waive_unread(connection, settings, (source, file_name), business_date, why, exports)
        exports = exports or {export for _, export in exports_of(settings, frozenset({label(source, file_name)}))}
        if not exports:
            raise UseropsError(f"No export is read from a file {name!r}.",
                               fix="give the name as `userops status` shows it, or the name of an export.")
        connection.execute(
            "insert into meta.waivers (business_date, source, file_name, reason, waived_by) values (%s, %s, %s, %s, %s)"
            " on conflict (business_date, source, file_name) do update set reason = excluded.reason,"
            " waived_by = excluded.waived_by, waived_at = now()",
            [business_date, source, file_name, reason, by],
        )
    return sorted(exports)


def _whose(connection: psycopg.Connection, settings: Settings, name: str, business_date: date) -> str:
    """The source of a file of that name: as it was delivered, or else as its name tells."""
    rows = connection.execute(
        "select distinct source from meta.load_files where business_date = %s and file_name = %s"
        " and state <> 'replaced'",
        [business_date, name],
    ).fetchall()
    found = {row[0] for row in rows}
    found |= {file.source_name for file in list_folder(settings, business_date).delivered if file.name == name}
    if len(found) > 1:
        names = ", ".join(label(source, name) for source in sorted(found))
        raise UseropsError(f"{name} of {business_date} came from {len(found)} sources.", fix=f"name one of {names}.")
    told = {source for source, _ in exports_of(settings, frozenset({name})) if source != ANY}
    return next(iter(found or told), CANONICAL)


def _waive_unread(
    connection: psycopg.Connection, settings: Settings, name: tuple[str, str], business_date: date, reason: str,
    done: set[str],
) -> set[str]:  # fmt: skip
    """Write a row for a delivered file that was never read, so that no run takes it; `name` is source and file."""
    folder = list_folder(settings, business_date)
    files = [file for file in folder.delivered if (file.source_name, file.name) == name]
    for file in files:
        if file.export not in done:
            loads.insert(connection, loads.Load(business_date, file.source_name, file.export, file.name, "", 0,
                                                "waived", stamp=file.stamp, reason=reason))
    return {file.export for file in files}
