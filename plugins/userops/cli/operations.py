"""The commands of the people on call: what is published, and what to do about what is not."""

import json
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from userops.cli.edge import AsJson, load_settings, out, parse_day
from userops.errors import EXIT_BLOCKED, EXIT_OK, UseropsError
from userops.settings import Settings
from userops.warehouse.connection import connect
from userops.warehouse.location import warehouse_url

NOT_STORED = "not stored"


def status(as_json: AsJson = False) -> None:
    """Show what is published, what blocks the newest run, and which files are owed or not stored yet."""
    from userops.publish.status import status as read

    settings = load_settings()
    state = read(warehouse_url(settings), partial(outstanding, settings))
    if as_json:
        print(json.dumps(state, default=str))
        return
    out.print(f"[bold]{state['state']}[/bold]  readers see version {state['version']} of {state['business_date']}")
    if state["last_run"]:
        out.print(f"last run {state['last_run']['run_id']}: {state['last_run']['state']}")
    if state["blocked_by"]:
        table = Table("check", "export or mart", "found", "expected", "where")
        for row in state["blocked_by"]:
            table.add_row(row["check"], row["subject"], row["observed"], row["expected"], row["detail"])
        out.print(table)
    for kind, title in (("owed", "owed"), ("not_stored", "delivered, not stored")):
        if state[kind]:
            table = Table("date", "export", "file", title)
            for row in state[kind]:
                table.add_row(str(row["business_date"]), row["export"], row["file_name"], row["what"])
            out.print(table)


def outstanding(settings: Settings, connection: psycopg.Connection, until: date | None) -> dict[str, list[dict]]:
    """The files that are owed, and those that are delivered and not stored, up to a date."""
    from userops.ingest import owed

    found = [asdict(item) for item in owed(connection, settings, until or date.max)]
    return {
        "owed": [item for item in found if item["kind"] != NOT_STORED],
        "not_stored": [item for item in found if item["kind"] == NOT_STORED],
    }


def approve(
    date: Annotated[str, typer.Option(help="Business date of the held run.")],
    by: Annotated[str, typer.Option(help="Who approves; it is recorded.")],
    reason: Annotated[str, typer.Option(help="Why it is right all the same; it is recorded.")] = "",
) -> None:
    """Publish a run that is held for approval (USEROPS_HOLD_WARNINGS); critical failures cannot be approved."""
    day, name = parse_day(date), _name(by)
    from userops import run

    version = run.approve(load_settings().with_hash_key(), day.isoformat(), name, reason.strip())
    if version is None:
        out.print(f"Recorded. Another date was built since: `userops run --date {day}` will publish it.")
        raise typer.Exit(EXIT_BLOCKED)
    out.print(f"Readers see version {version} of {day}, approved by {name}.")


def accept(
    check: Annotated[str, typer.Argument(help="The check, as `userops status` or the alert names it.")],
    subject: Annotated[str, typer.Option(help="What changed, as the finding names it before its colon.")],
    by: Annotated[str, typer.Option(help="Who decides; it is recorded.")],
    reason: Annotated[str, typer.Option(help="What changed in the business; it is recorded.")],
    since: Annotated[str | None, typer.Option(help="First business date of the new level.")] = None,
) -> None:
    """Accept a true change of the business: the new level becomes the normal one. It releases no run by itself."""
    name, first = _name(by), parse_day(since) if since else None
    if not reason.strip():
        raise UseropsError("An acceptance needs a reason.", fix="give --reason TEXT.")
    from userops.gate import acceptance

    settings = load_settings()
    with connect(warehouse_url(settings), "publisher") as connection:
        day = acceptance.accept(connection, settings, check, subject.strip(), name, reason.strip(), first)
    out.print(f"From {day} on the new level of {subject} is the normal one for {check}. The next run judges by it.")


def rollback(to: Annotated[int | None, typer.Option(help="A kept version.")] = None) -> None:
    """Put readers back on a kept version (the one before, by default)."""
    from userops.publish import publication

    with connect(warehouse_url(load_settings()), "publisher") as connection:
        version, business_date = publication.rollback(connection, to)
    out.print(f"Readers see version {version} of {business_date}.")


def waive(
    file: Annotated[str, typer.Argument(help="Name of the file, as `userops status` shows it.")],
    date: Annotated[str, typer.Option(help="Business date of its folder.")],
    by: Annotated[str, typer.Option(help="Who decides; it is recorded.")],
    reason: Annotated[str, typer.Option(help="Why it will not come; it is recorded and shown.")],
) -> None:
    """Declare an owed file known missing: it blocks no more, and `freshness` and the pages say so."""
    day, name = parse_day(date), _name(by)
    if not reason.strip():
        raise UseropsError("A waiver needs a reason.", fix="give --reason TEXT.")
    from userops.ingest import waive as record

    settings = load_settings()
    exports = record(warehouse_url(settings), settings, file, day, name, reason.strip())
    out.print(f"{file} of {day} ({', '.join(exports)}) is waived by {name}. The next run goes on without it.")


def erase(
    contact_id: Annotated[str, typer.Argument(help="The CRM's id of the person.")],
    person: Annotated[bool, typer.Option("--person", help="Erase the person's other contacts too.")] = False,
    restrict: Annotated[bool, typer.Option("--restrict", help="Keep the data, but use it for no contact.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Rebuild the published date, so that it is complete.")] = False,
) -> None:
    """Erase a person from lake, quarantine and vault; the next publication takes them out of every version."""
    settings = load_settings().with_hash_key()
    day = _erase(settings, contact_id, "restrict" if restrict else "erase", person)
    if restrict:
        out.print("The person is left out of every audience from the next publication on.")
    else:
        out.print("The person is gone from lake, quarantine and vault; marts.erasure_log says what went.")
    if not now:
        out.print("The next publication completes it: `userops run --rebuild` makes one now.")
        raise typer.Exit(EXIT_OK)
    from userops.cli.runs import run_one

    raise typer.Exit(run_one(settings, day, rebuild=True))


def _erase(settings: Settings, contact_id: str, scope: str, person: bool) -> date:
    from userops.privacy import erasure

    return erasure.on_request(settings, warehouse_url(settings), contact_id, scope, person=person)


def watchdog() -> None:
    """For cron: alert if the last day is not published by its hour, or the warehouse does not answer (exit 1)."""
    from userops.alerts import watchdog as dog

    finding = dog.watch(load_settings())
    said = f"{finding.observed}; expected {finding.expected}." if finding else "The last day is published."
    out.print(said, markup=False)
    raise typer.Exit(EXIT_BLOCKED if finding else EXIT_OK)


def _name(text: str) -> str:
    if not text.strip():
        raise UseropsError("A decision needs a name.", fix="give --by NAME.")
    return text.strip()
