"""Read a file by a platform as a night would, without a warehouse: its rows, what was set aside, why it was refused."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from userops.contracts.model import load_contracts
from userops.ingest import landing, reading
from userops.ingest.clock import Clock
from userops.ingest.landing import DeliveredFile
from userops.ingest.mapping import Context
from userops.ingest.outcome import Refused
from userops.ingest.reading import File
from userops.lake.session import Session, open_session
from userops.platforms.loading import load_platform
from userops.platforms.source import SourceEntries, make_source

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
PLATFORMS, CASES = FIXTURES / "platforms", FIXTURES / "cases"
DAY = date(2026, 3, 2)


@dataclass
class Read:
    """What became of a file for one export: good rows, and the rows that are not by number and reason."""

    rows: list[tuple] = field(default_factory=list)
    set_aside: list[tuple[int, str]] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    conflicts: int = 0
    refused: str = ""


@contextmanager
def reader(platform: str, day: date = DAY, currency: str = "CNY") -> Iterator["Reader"]:
    """Files of a platform are read within."""
    with open_session("512MiB", 1) as session:
        context = Context(day, Clock("Asia/Shanghai"), currency, lambda: "key", lambda database, export: None)
        yield Reader(session, platform, context)


@dataclass
class Reader:
    """A platform's files as one night reads them."""

    session: Session
    platform: str
    context: Context

    def holds(self, path: Path, export: str) -> bool:
        """Whether a file is read for the export."""
        return bool(self._delivered(path, export))

    def _delivered(self, path: Path, export: str) -> list[DeliveredFile]:
        source = make_source(SourceEntries(name=self.platform), load_platform(self.platform))
        return [file for file in landing.read_by(path.name, str(path), source) if file.export == export]

    def read(self, path: Path, export: str, columns: str, order: str = "all") -> Read:
        """The export's rows of a file: the columns, in that order."""
        found = self._delivered(path, export)
        assert found, f"{path.name} is no file of {self.platform} with {export}"
        # Without its source, ids are as the file has them.
        delivered, contract = replace(found[0], source=None), load_contracts()[export]
        file = File(contract, delivered, path, "", path.stat().st_size, "", self.context.business_date)
        try:
            read = reading.read(self.session, self.context, file)
        except Refused as refused:
            return Read(refused=f"{refused.check}: {refused.observed}")
        rows = self.session.database.execute(
            f"select {columns} from {reading.good()} order by {order}"
        ).fetchall()
        return Read(rows, read.staged.set_aside, read.judged.bad, read.judged.conflicts)

    def read_text(self, folder: Path, name: str, text: str, export: str, columns: str, **more: str) -> Read:
        """The same of a file with that text, as UTF-8."""
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return self.read(path, export, columns, **more)


def one_by_one(rows: Sequence[tuple]) -> list[str]:
    """Rows as texts, which are easier to compare by eye."""
    return [" | ".join("" if value is None else str(value) for value in row) for row in rows]
