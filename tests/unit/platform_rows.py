"""Read a platform's file into the rows of an export, as ingest does, without a warehouse."""

import hashlib
import tempfile
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from userops.contracts.model import load_contracts
from userops.ingest import judging, reading
from userops.ingest.clock import Clock
from userops.ingest.landing import DeliveredFile
from userops.ingest.mapping import Context
from userops.ingest.reading import File
from userops.lake.session import open_session
from userops.platforms.loading import load_platform
from userops.platforms.source import SourceEntries, make_source

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
PLATFORMS, CASES = FIXTURES / "platforms", FIXTURES / "cases"
DAY = date(2026, 3, 2)


@dataclass
class Rows:
    """What an export's reading of a file came to: good rows in the file's order, and what went to quarantine."""

    good: list[dict] = field(default_factory=list)
    quarantine: list[tuple[int, str]] = field(default_factory=list)
    whole: str | None = None

    def of(self, columns: str, **where: str) -> list[tuple]:
        """The named columns of the rows; `where` keeps those with these values."""
        names = columns.split()
        kept = [row for row in self.good if all(row[name] == value for name, value in where.items())]
        return [tuple(row[name] for name in names) for row in kept]

    def one(self, columns: str, **where: str) -> tuple:
        """The named columns of the only row."""
        (row,) = self.of(columns, **where)
        return row


def read(
    platform: str, path: Path, export: str, day: date = DAY, timezone: str = "Asia/Shanghai", currency: str = "CNY",
    name: str = "", business_zone: str = "", **said: object,
) -> Rows:  # fmt: skip
    """Read a file by a platform's layout for an export; raises Refused. Values are texts, instants local to `timezone`.

    Contact ids are pseudonyms with the key `key`. `name` is the file's, where the platform does not know its own. With
    more said of it (`counts_when`), the file is of a source named as the platform, whose name stands before its ids.
    """
    source = make_source(SourceEntries(name=platform, platform=platform, **said), load_platform(platform))
    (layout,) = [each for each in source.layouts if each.matches(name or path.name) and export in each.exports]
    delivered = DeliveredFile(path.name, str(path), export, layout.format, "", layout, "", source if said else None)
    file = File(load_contracts()[export], delivered, path, "", path.stat().st_size, "", day)
    context = Context(day, Clock(timezone), currency, lambda: "key", lambda database, name: None, business_zone)
    with tempfile.TemporaryDirectory() as scratch, open_session("256MiB", 1, Path(scratch)) as session:
        found = reading.read(session, context, file)
        columns = [column.name for column in file.contract.columns]
        names = ", ".join(f'"{name}"' for name in columns)
        order = "_row, line_no" if export == "order_lines" else "_row"
        rows = session.database.execute(f"select {names} from {judging.TABLE} where _good order by {order}").fetchall()
    good = [dict(zip(columns, (shown(value, timezone) for value in row), strict=True)) for row in rows]
    return Rows(good, sorted(found.set_aside), file.whole)


def shown(value: object, timezone: str) -> str | None:
    """A value as a short text."""
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(timezone)):%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def pseudonym(prefix: str, name: str) -> str:
    """The contact id of a name."""
    return f"{prefix}_{hashlib.sha256(f'key{name}'.encode()).hexdigest()[:32]}"
