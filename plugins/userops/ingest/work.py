"""What a run has to store: every delivered file up to its date that is not stored, or was replaced since."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import psycopg

from userops.checks import CheckResult
from userops.contracts.model import DOMAINS, Contract, load_contracts
from userops.ingest import column_profile, load_log
from userops.ingest.delivery import check_delivery, check_manifest
from userops.ingest.landing import DeliveredFile, Folder, label, list_dates, list_folder
from userops.ingest.load_log import Entry, Key
from userops.lake import Lake
from userops.lake.sweep import sweep
from userops.settings import Settings
from userops.warehouse import lease

TEXTS_KEPT = timedelta(days=30)
Known = dict[Key, list[Entry]]


@dataclass(frozen=True)
class Work:
    """The exports that have files to store, by domain, and what is wrong with the folders as a whole."""

    exports: dict[str, list[str]]
    results: list[CheckResult]


def list_work(
    connection: psycopg.Connection, settings: Settings, business_date: date, token: int | None = None
) -> Work:
    """Look into every folder up to the date, in the role loader.

    Of folders that no publication contains, files that are gone take along what they brought: renaming a file there
    means what it says. Published folders may be archived in parts. Deletes what the lake need not keep.
    """
    published, waived = published_dates(connection), waivers(connection, business_date)
    before = load_log.sources_before(connection, business_date)
    connection.commit()
    found: set[str] = set()
    results: list[CheckResult] = []
    for day in sorted({*list_dates(settings, business_date), business_date}):
        folder = list_folder(settings, day)
        is_open = day == business_date or published is None or day > published[1]
        if folder.exists and is_open:
            with lease.transaction(connection, token):
                load_log.take_out_withdrawn(connection, day, list(folder.delivered))
        if day == business_date:
            results += check_delivery(folder, settings, day, waived.get(day, frozenset()), before)
        elif is_open:
            results += [
                replace(answer, observed=f"{day}: {answer.observed}")
                for answer in check_manifest(folder, day.isoformat(), waived.get(day, frozenset())) if not answer.passed
            ]
    known = load_log.entries(connection, business_date)
    connection.commit()
    for day in list_dates(settings, business_date):
        found |= {file.export for file in unsettled(list_folder(settings, day), day, known)}
    sweep(connection, Lake(settings.lake), token)
    _forget_what_is_old(connection, business_date, token)
    return Work(_by_domain(found), results)


def _forget_what_is_old(connection: psycopg.Connection, business_date: date, token: int | None) -> None:
    """Set-aside lines may name people: after 30 days their reasons and counts stay alone. Profiles of loads go as well.
    """
    with lease.transaction(connection, token):
        column_profile.forget_old(connection, business_date)
        connection.execute(
            "update quarantine.rows set raw_text = '' where raw_text <> '' and quarantined_at < now() - %s",
            [TEXTS_KEPT],
        )


def _by_domain(found: set[str]) -> dict[str, list[str]]:
    exports: dict[str, list[str]] = {domain: [] for domain in DOMAINS}
    for name, contract in load_contracts().items():
        if name in found:
            exports[contract.domain].append(name)
    return exports


def files_of(
    settings: Settings, export: str, business_date: date, known: Known
) -> Iterator[tuple[date, Folder, list[DeliveredFile]]]:
    """The files of an export that are to be stored, a folder at a time, oldest first."""
    for day in list_dates(settings, business_date):
        folder = list_folder(settings, day)
        files = [file for file in unsettled(folder, day, known) if file.export == export]
        if files:
            yield day, folder, files


def unsettled(folder: Folder, day: date, known: Known) -> list[DeliveredFile]:
    """The folder's files that are neither stored nor waived as they now are."""
    return [
        file for file in folder.delivered
        if not load_log.settled(known.get((day, *file.key), []), file)
    ]


def published_dates(connection: psycopg.Connection) -> tuple[date, date] | None:
    """The first business date that was ever published, and that of the version being read."""
    return connection.execute(
        "select (select min(business_date) from meta.publications), publications.business_date"
        " from meta.publications inner join meta.pointer using (version)"
    ).fetchone()


def waivers(connection: psycopg.Connection, until: date) -> dict[date, frozenset[str]]:
    """Names of files that are known missing, by date; of another source than canonical as `<source>/<file>`."""
    found: dict[date, set[str]] = {}
    query = "select business_date, source, file_name from meta.waivers where business_date <= %s"
    for day, source, name in connection.execute(query, [until]):
        found.setdefault(day, set()).add(label(source, name))
    return {day: frozenset(names) for day, names in found.items()}


def severity_of_refusal(contract: Contract, known: list[Entry], day: date, business_date: date) -> str:
    """A refused file blocks, unless its contract says `continue`, or it is older and its delivery before holds."""
    if contract.if_refused == "continue" or (day < business_date and any(entry.state == "loaded" for entry in known)):
        return "warning"
    return "critical"


def nothing_to_load(export: str) -> CheckResult:
    """The answer where an export had files to store when the run began and its task finds none any more."""
    return CheckResult("file_there", "manifest", export, "critical", False, "no file any more",
                       "the files as delivered", f"deliver {export} again and run again")
