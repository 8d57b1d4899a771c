"""Earlier nights that were begun and are not published: a file they lack would be missing from tonight's marts too.

The raw checks judge rows. A file refused whole leaves none, so its absence is looked for here, in the books.
"""

from datetime import date

import psycopg

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.ingest.landing import list_folder
from userops.platforms.loading import load_profile
from userops.settings import Settings

CHECK = "earlier_delivery"
WHOLE = "every file of earlier nights that are not published loaded"
NEWEST = """
    select distinct on (export, file_name) export, file_name, state, reason,
        bool_or(state = 'loaded') over (partition by export, file_name) as holds
    from meta.load_files where business_date = %s
    order by export, file_name, load_id desc
"""


def check_earlier(
    connection: psycopg.Connection, settings: Settings, since: date | None, business_date: date
) -> list[CheckResult]:
    """What the nights after `since` and before `business_date` that were begun still owe; one answer a file.

    A refused file, one that was never loaded and a required export without a file block; an earlier delivery of a
    refused file that still holds, and a night whose folder never came, warn.
    """
    begun = connection.execute(
        "select distinct business_date from meta.runs where business_date > %s and business_date < %s order by 1",
        [since or date.min, business_date],
    ).fetchall()
    owed = [result for (day,) in begun for result in _owed(connection, settings, day)]
    return owed or [CheckResult(CHECK, "manifest", "folder", "critical", True, "nothing owed", WHOLE)]


def _owed(connection: psycopg.Connection, settings: Settings, day: date) -> list[CheckResult]:
    books = connection.execute(NEWEST, [day]).fetchall()
    folder = list_folder(settings, day)
    if not folder.exists and not books:
        return [_answer("folder", "warning", f"no folder {day}", f"deliver the folder of {day}", day)]
    found, present = [], {export for export, _, state, _, _ in books if state == "loaded"}
    for export, name, state, reason, holds in books:
        if state != "refused":
            continue
        present.add(export)
        what = f"{name} of {day} refused: {reason}" + ("; the delivery before it holds" if holds else "")
        found.append(_answer(export, "warning" if holds else "critical", what, f"have {name} delivered again", day))
    settled = {(export, name) for export, name, state, _, _ in books if state in ("loaded", "refused")}
    for source in folder.sources:
        if (source.export, source.name) not in settled:
            present.add(source.export)
            found.append(_answer(source.export, "critical", f"{source.name} of {day} was never loaded", "", day))
    for export in _required(settings):
        if export not in present:
            fix = f"have {load_contracts()[export].owner} deliver {export}"
            found.append(_answer(export, "critical", f"no file of {day}", fix, day))
    return found


def _required(settings: Settings) -> list[str]:
    profile = load_profile(settings.profile)
    if profile is not None and profile.required is not None:
        return list(profile.required)
    return [name for name, contract in load_contracts().items() if contract.required]


def _answer(export: str, severity: str, observed: str, fix: str, day: date) -> CheckResult:
    fix = f"{fix}; " * bool(fix) + f"run `userops night --date {day}`, then this night again"
    return CheckResult(CHECK, "manifest", export, severity, False, observed, WHOLE, fix)
