"""Read a file as a run would, without a warehouse and without storing anything: `userops sources try`."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb

from userops.contracts.model import Contract, load_contracts
from userops.ingest import file_checks, judging, reading
from userops.ingest.clock import Clock
from userops.ingest.detection import Content, Fit, delivered_files
from userops.ingest.file_checks import Before
from userops.ingest.landing import DeliveredFile
from userops.ingest.mapping import Context
from userops.ingest.outcome import Refused
from userops.ingest.reading import File, Reading
from userops.lake.schema import create_view
from userops.lake.session import Session, open_session
from userops.lake.sql import identifier, listed
from userops.platforms.source import Source
from userops.privacy import keys
from userops.settings import Settings

MEMORY = "1GiB"
FIRST_ROWS = 3
SHOWN = 2
# What a shop's own screen can be compared with, a month and currency a row: SQL over the judged rows.
FIGURES = {
    "orders": (
        "placed_at",
        {
            "orders": "count(*)",
            "paid orders": "count(*) filter (where paid_at is not null and status <> 'cancelled')",
            "gross": "sum(gross_amount)",
            "discounts": "sum(discount_amount)",
            "shipping": "sum(shipping_amount)",
            "paid": "sum(paid_amount) filter (where paid_at is not null and status <> 'cancelled')",
        },
    ),
    "order_lines": ("updated_at", {"lines": "count(*)", "pieces": "sum(quantity)", "amount": "sum(line_amount)"}),
    "refunds": (
        "coalesce(refunded_at, updated_at)",
        {"refunds": "count(*)", "amount": "sum(coalesce(amount, running_total))"},
    ),
    "ad_stats": (
        "stat_date",
        {"rows": "count(*)", "impressions": "sum(impressions)", "clicks": "sum(clicks)", "cost": "sum(cost)"},
    ),
}


@dataclass
class Tried:
    """What would become of a file for one export.

    `rows` are the first rows with personal values masked; `reasons` count the rows that would go to quarantine, `lines`
    name the first of them. `figures` are sums a month and currency; `warnings` are what a run would warn of, but for
    those rows. `refused` and `fix` say why nothing would be stored.
    """

    export: str
    source_rows: int = 0
    stored: int = 0
    columns: tuple[str, ...] = ()
    rows: list[tuple] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    lines: list[tuple[int, str]] = field(default_factory=list)
    figure_names: tuple[str, ...] = ()
    figures: list[tuple] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refused: str = ""
    fix: str = ""


def try_file(settings: Settings, content: Content, source: Source | None, fit: Fit, day: date | None) -> list[Tried]:
    """Read a file for every export of the layout that fits it, as that source's of a date.

    Without a date the newest one of its rows is taken.
    """
    layout = None
    if source and source.platform:
        place = int(fit.layout.rpartition("/")[2])
        layout = source.layouts[place - 1]
    files = [replace(file, source=source) for file in delivered_files(content, layout, fit.exports[0])]
    found = []
    with open_session(settings.memory_limit or MEMORY, settings.threads, settings.home / "tmp") as session:
        for delivered in files:
            if source is None or source.takes(delivered.export):
                found.append(_try(settings, session, delivered, content, day))
    return found


def _try(
    settings: Settings, session: Session, delivered: DeliveredFile, content: Content, day: date | None
) -> Tried:
    contract = load_contracts()[delivered.export]
    zone = (delivered.source and delivered.source.said.timezone) or settings.timezone
    today = day or datetime.now(ZoneInfo(settings.timezone)).date()
    file = File(contract, delivered, content.path, "", content.path.stat().st_size, "", today)
    tried = Tried(delivered.export)
    try:
        read = reading.read(session, _context(settings, session, file, zone), file)
        tried.source_rows = read.staged.source_rows
        told = replace(file, business_date=day or read.judged.newest_change or today)
        file_checks.check_read(replace(read, file=told), Before(), None)
        tried.warnings = [
            f"{answer.check}: {answer.observed}" for answer in file_checks.answers(read)
            if answer.severity == "warning" and not answer.passed and answer.check != "bad_rows"
        ]
    except Refused as refused:
        tried.refused, tried.fix = f"{refused.check}: {refused.observed}", refused.fix
        if refused.layer != "contract" or refused.check == "header":
            return tried
    _describe(session.database, contract, read, tried, zone)
    return tried


def _context(settings: Settings, session: Session, file: File, zone: str) -> Context:
    said = file.delivered.source.said if file.delivered.source else None
    key = keys.derived(settings.hash_key or "no key yet", "pseudonym")

    def no_history(database: duckdb.DuckDBPyConnection, export: str) -> None:
        """Nothing came before a file that is tried."""
        database.execute("create schema if not exists raw")
        create_view(database, f"raw.{export}", load_contracts()[export], [])

    currency = (said and said.currency) or settings.currency
    country = (said and said.default_country) or settings.default_country
    return Context(file.business_date, Clock(zone), currency, lambda: key, no_history, settings.timezone, country)


def _describe(
    database: duckdb.DuckDBPyConnection, contract: Contract, read: Reading, tried: Tried, zone: str
) -> None:
    texts = read.texts() if read.set_aside else {}
    tried.reasons = dict(Counter(reason for _, reason in read.set_aside).most_common())
    tried.lines = [(texts[row].line if row in texts else 0, reason) for row, reason in read.set_aside[:FIRST_ROWS]]
    database.execute(f"set timezone = '{zone}'")
    given = [column for column in contract.columns if column.name in read.staged.present]
    tried.columns = tuple(column.name for column in given)
    shown = listed([
        _masked(column.name) if column.personal else f"{identifier(column.name)}::varchar" for column in given
    ])  # fmt: skip
    good = f"from {judging.TABLE} where _good"
    tried.stored = database.execute(f"select count(*) {good}").fetchall()[0][0]
    tried.rows = database.execute(f"select {shown} {good} order by {read.judged.row} limit {FIRST_ROWS}").fetchall()
    if contract.name in FIGURES:
        at, figures = FIGURES[contract.name]
        currency = "currency" if "currency" in {column.name for column in contract.columns} else "''"
        tried.figure_names = ("month", "currency", *figures)
        tried.figures = database.execute(
            f"select strftime({at}, '%Y-%m') as month, {currency} as currency, {listed(list(figures.values()))} {good}"
            " group by all order by 1, 2"
        ).fetchall()
    database.execute("set timezone = 'UTC'")


def _masked(name: str) -> str:
    """A personal value whose kind can be told and whose person cannot."""
    cell = identifier(name)
    return f"case when {cell} is not null then left({cell}, {SHOWN}) || '***' end"


def as_plain(tried: Tried) -> dict[str, object]:
    """What was found, as JSON has it."""
    return {
        name: [[str(cell) if isinstance(cell, Decimal) else cell for cell in row] for row in value]
        if name in ("figures", "rows") else value
        for name, value in tried.__dict__.items()
    }
