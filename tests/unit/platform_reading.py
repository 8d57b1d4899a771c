"""Read a platform's file as a run does, without a warehouse: its rows, what was set aside, why it was refused."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from userops.contracts.model import load_contracts
from userops.ingest import landing, reading
from userops.ingest.clock import Clock
from userops.ingest.landing import DeliveredFile
from userops.ingest.mapping import Context
from userops.ingest.outcome import Refused
from userops.ingest.reading import File
from userops.lake.session import Session, open_session
from userops.platforms.loading import load_platform
from userops.platforms.source import Source, SourceEntries, make_source

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
PLATFORMS, CASES = FIXTURES / "platforms", FIXTURES / "cases"
DAY, CHINA = date(2026, 3, 2), "Asia/Shanghai"


@dataclass
class Read:
    """What became of a file for one export: good rows, and the rows that are not by number and reason."""

    rows: list[tuple] = field(default_factory=list)
    set_aside: list[tuple[int, str]] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    conflicts: int = 0
    refused: str = ""


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


@contextmanager
def reader(
    platform: str, day: date = DAY, currency: str = "CNY", timezone: str = CHINA, business_zone: str = "",
    **said: object,
) -> Iterator["Reader"]:  # fmt: skip
    """Files of a platform are read within; contact ids are pseudonyms with the key `key`.

    With more said of it (`counts_when`), they are of a source named as the platform, whose name stands before its ids.
    """
    source = make_source(SourceEntries(name=platform, platform=platform, **said), load_platform(platform))
    context = Context(day, Clock(timezone), currency, lambda: "key", lambda database, export: None, business_zone)
    with open_session("512MiB", 1) as session:
        yield Reader(session, source, context, timezone, is_named=bool(said))


@dataclass
class Reader:
    """A platform's files as one run reads them."""

    session: Session
    source: Source
    context: Context
    timezone: str
    is_named: bool

    def holds(self, path: Path, export: str) -> bool:
        """Whether a file is read for the export."""
        return bool(self._delivered(path, export))

    def _delivered(self, path: Path, export: str, name: str = "") -> list[DeliveredFile]:
        found = landing.read_by(name or path.name, str(path), self.source)
        return [replace(file, name=path.name) for file in found if file.export == export]

    def _reading(self, path: Path, export: str, name: str = "") -> reading.Reading:
        """Read a file for the export; raises Refused."""
        found = self._delivered(path, export, name)
        assert found, f"{path.name} is no file of {self.source.name} with {export}"
        # Without its source, ids are as the file has them.
        delivered = replace(found[0], source=self.source if self.is_named else None)
        size, day = path.stat().st_size, self.context.business_date
        file = File(load_contracts()[export], delivered, path, "", size, "", day)
        return reading.read(self.session, self.context, file)

    def read(self, path: Path, export: str, columns: str, order: str = "all") -> Read:
        """The export's rows of a file: the columns, in that order."""
        try:
            read = self._reading(path, export)
        except Refused as refused:
            return Read(refused=f"{refused.check}: {refused.observed}")
        rows = self.session.database.execute(f"select {columns} from {reading.good()} order by {order}").fetchall()
        return Read(rows, read.staged.set_aside, read.judged.bad, read.judged.conflicts)

    def read_text(self, folder: Path, name: str, text: str, export: str, columns: str, **more: str) -> Read:
        """The same of a file with that text, as UTF-8."""
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return self.read(path, export, columns, **more)

    def rows(self, path: Path, export: str, name: str = "") -> Rows:
        """All columns as short texts, instants local; raises Refused. `name` is that by which the platform knows it."""
        found, columns = self._reading(path, export, name), [column.name for column in load_contracts()[export].columns]
        names = ", ".join(f'"{column}"' for column in columns)
        order = "_row, line_no" if export == "order_lines" else "_row"
        rows = self.session.database.execute(f"select {names} from {reading.good()} order by {order}").fetchall()
        good = [dict(zip(columns, (shown(value, self.timezone) for value in row), strict=True)) for row in rows]
        return Rows(good, sorted(found.set_aside), found.file.whole)


def read(
    platform: str, path: Path, export: str, day: date = DAY, timezone: str = CHINA, name: str = "", **more: object
) -> Rows:
    """Read one file by a platform, for one export; `more` is as for `reader`. Raises Refused."""
    with reader(platform, day, timezone=timezone, **more) as opened:
        return opened.rows(path, export, name)


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


def one_by_one(rows: Sequence[tuple]) -> list[str]:
    """Rows as texts, which are easier to compare by eye."""
    return [" | ".join("" if value is None else str(value) for value in row) for row in rows]


def changed(tmp_path: Path, path: Path, old: str, new: str, encoding: str = "utf-8") -> Path:
    """The file with another text in one place."""
    text = path.read_bytes().decode(encoding)
    assert text.count(old) == 1
    copy = tmp_path / path.name
    copy.write_bytes(text.replace(old, new).encode(encoding))
    return copy
