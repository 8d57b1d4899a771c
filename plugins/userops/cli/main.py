"""`userops`: the commands of the data engineer and the people on call."""

import json
import logging
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from dotenv import load_dotenv
from rich.console import Console
from rich.table import Table

from userops.cli.database import db_app
from userops.cli.tags import audiences_app, tags_app
from userops.errors import EXIT_BLOCKED, EXIT_FAILED, EXIT_OK, UseropsError
from userops.settings import PROJECT_ROOT, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
app.add_typer(db_app, name="db")
app.add_typer(tags_app, name="tags")
app.add_typer(audiences_app, name="audiences")
out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def parse_day(text: str) -> date:
    """A calendar day, or a usage error that names the text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UseropsError(f"{text!r} is no date.", fix="write YYYY-MM-DD, a day that exists.") from None


@app.command()
def night(
    date: Annotated[str, typer.Option(help="Business date, YYYY-MM-DD.")],
    landing: Annotated[str | None, typer.Option(help="Landing folder or fsspec URL.")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Print where the time went.")] = False,
) -> None:
    """Run one business date through the DAG: exit 0 published, 1 blocked, 2 usage, 3 failed and safe to run again."""
    from userops.cli.runs import run_one, show_profile

    day, began = parse_day(date), time.monotonic()
    code = run_one(day, landing)
    if profile:
        show_profile(day, time.monotonic() - began)
    raise typer.Exit(code)


@app.command()
def nights(
    first: Annotated[str, typer.Option("--from", help="First business date.")],
    last: Annotated[str, typer.Option("--to", help="Last business date, inclusive.")],
    landing: Annotated[str | None, typer.Option(help="Landing folder or fsspec URL.")] = None,
) -> None:
    """Run a range of business dates in order; stops at the first that is not published."""
    from userops.cli.runs import run_one

    day, end = parse_day(first), parse_day(last)
    if day > end:
        raise UseropsError(f"--from {day} is after --to {end}.", fix="swap them.")
    while day <= end:
        code = run_one(day, landing)
        if code:
            raise typer.Exit(code)
        day += timedelta(days=1)


@app.command()
def status(as_json: AsJson = False) -> None:
    """What is published, and what blocks the newest night."""
    from userops.publish.status import status as read
    from userops.warehouse.location import warehouse_url

    state = read(warehouse_url(Settings.load()))
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


@app.command()
def approve(
    date: Annotated[str, typer.Option(help="Business date of the held night.")],
    by: Annotated[str, typer.Option(help="Who approves; it is written down.")],
) -> None:
    """Publish a night that waits for a person (USEROPS_HOLD_WARNINGS); critical failures cannot be approved."""
    from userops import run

    day, name = parse_day(date).isoformat(), by.strip()
    if not name:
        raise UseropsError("An approval needs a name.", fix="give --by NAME.")
    version = run.approve(day, name)
    if version is None:
        out.print(f"Written down. Another night was built since: `userops night --date {day}` will publish it.")
        raise typer.Exit(1)
    out.print(f"Readers see version {version} of {day}, approved by {name}.")


@app.command()
def rollback(to: Annotated[int | None, typer.Option(help="A kept version.")] = None) -> None:
    """Put readers back on a kept version (the one before, by default)."""
    from userops.publish import publication
    from userops.warehouse.connection import connect
    from userops.warehouse.location import warehouse_url

    with connect(warehouse_url(Settings.load()), "publisher") as connection:
        version, business_date = publication.rollback(connection, to)
    out.print(f"Readers see version {version} of {business_date}.")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check the environment and the server's settings, each with its fix. Exit 2 where something must be fixed."""
    from userops.cli.doctor import COLOURS, examine

    findings = examine(Settings.load())
    if as_json:
        print(json.dumps([f.__dict__ for f in findings]))
    for finding in [] if as_json else findings:
        mark = f"[{COLOURS[finding.mark]}]{finding.mark}[/]"
        out.print(f"{mark}  {finding.what}" + ("" if finding.mark == "ok" else f" → {finding.fix}"))
    if not all(f.ok for f in findings):
        raise typer.Exit(2)


@app.command()
def simulate(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the exports (and `_truth/`).")],
    users: Annotated[int, typer.Option(min=1)] = 1000,
    nights: Annotated[int, typer.Option(min=1)] = 30,
    start: Annotated[str, typer.Option(help="First business date.")] = "2025-01-01",
    seed: Annotated[int, typer.Option()] = 1,
    timezone: Annotated[str | None, typer.Option(help="Zone of the business (default: USEROPS_TIMEZONE).")] = None,
    currency: Annotated[str | None, typer.Option(help="Its currency (default: USEROPS_CURRENCY).")] = None,
    country: Annotated[str | None, typer.Option(help="Of its phones (default: USEROPS_DEFAULT_COUNTRY).")] = None,
    without: Annotated[str, typer.Option(help="Optional exports to leave out, with commas between.")] = "",
    format: Annotated[str, typer.Option(help="csv, csv.gz, csv.zst or parquet.")] = "csv",
    pace: Annotated[float, typer.Option(help="How many times as often people order.")] = 1.0,
) -> None:
    """Write a business with known truth as canonical exports, night by night."""
    from userops.simulate import simulate as write

    settings = Settings.load()
    started = time.monotonic()
    truth = write(
        out_dir, users, nights, parse_day(start), seed, timezone=timezone or settings.timezone,
        currency=currency or settings.currency, country=country or settings.default_country,
        without=[name.strip() for name in without.split(",") if name.strip()], format=format, pace=pace,
    )
    rows = sum(truth["rows"].values())
    out.print(f"Exports of {users} users over {nights} nights are in {out_dir}; the truth in {out_dir}/_truth.")
    out.print(f"{rows:,} rows in {time.monotonic() - started:.1f} s.")


@app.command()
def watchdog() -> None:
    """For cron: alert where the newest night is not published by its hour, or the warehouse is away (exit 1)."""
    from userops.alerts import watchdog as dog

    finding = dog.watch(Settings.load())
    out.print(f"{finding.observed}; expected {finding.expected}." if finding else "The night is there.", soft_wrap=True)
    raise typer.Exit(EXIT_BLOCKED if finding else EXIT_OK)


@app.command()
def erase(
    contact_id: Annotated[str, typer.Argument(help="The CRM's id of the person.")],
    restrict: Annotated[bool, typer.Option("--restrict", help="Leave the data, but use it for no contact.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Run the published date again, so that it is complete.")] = False,
) -> None:
    """Erase a person from raw, quarantine and vault; the next publication takes them out of every version."""
    from userops.cli.erase import run

    raise typer.Exit(run(out, contact_id, "restrict" if restrict else "erase", now))


@app.command()
def site() -> None:
    """Build the dashboard site from the published marts."""
    from userops.run import site_labels
    from userops.site.build import build_site
    from userops.warehouse.location import warehouse_url

    settings = Settings.load()
    out.print(f"{build_site(warehouse_url(settings), settings.home / 'site', site_labels(settings))}/index.html")


@app.command()
def demo() -> None:
    """Replay real order lines as nightly exports, publish, build the site, then break a file on purpose."""
    from userops.demo import run

    raise typer.Exit(run(out))


@app.command()
def serve(port: Annotated[int, typer.Option(help="Port of Airflow's UI.")] = 8080) -> None:
    """Airflow with its UI on the embedded server; Ctrl-C stops all of it."""
    from userops.cli.serve import run

    raise typer.Exit(run(Settings.load(), port))


def main() -> None:
    """Entry point: an error a person can act on is one sentence with its fix and its exit code."""
    logging.basicConfig(level=logging.WARNING)
    # What the environment already says wins over the file.
    load_dotenv(PROJECT_ROOT / ".env")
    try:
        app()
    except UseropsError as error:
        err.print(f"[red]error[/red] {error}", soft_wrap=True)
        sys.exit(error.exit_code or EXIT_FAILED)


if __name__ == "__main__":
    main()
