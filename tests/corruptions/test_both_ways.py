"""Every file of the corruption suite read in both ways: the same rows, the same reasons, and none lost.

DuckDB's reader stands beside one that splits record by record; each is forced on each file. No server is needed.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import changes
import pytest
from catalogue import CASES, Case

from userops.contracts.model import load_contracts
from userops.ingest import reading
from userops.ingest.clock import Clock
from userops.ingest.landing import list_folder
from userops.ingest.mapping import Context
from userops.ingest.outcome import Miscounted, Refused
from userops.ingest.reading import File
from userops.ingest.staging import READING_ERRORS
from userops.lake.session import Session, open_session
from userops.settings import Settings
from userops.simulate import simulate

FIRST, NIGHTS = date(2025, 1, 6), 32
DAY = FIRST + timedelta(days=NIGHTS - 1)
pytestmark = pytest.mark.slow
CONTEXT = Context(DAY, Clock("Asia/Shanghai"), "CNY", lambda: "key", lambda database, export: None)


@dataclass(frozen=True)
class Past:
    """The delivered folders, as changes ask for them."""

    landing: Path

    def folder(self, day: date) -> Path:
        return self.landing / day.isoformat()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    landing = tmp_path_factory.mktemp("past")
    simulate(landing, 400, NIGHTS, FIRST, 11)
    return Past(landing)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with open_session("1GiB", 2) as opened:
        yield opened


def facts(session: Session, file: File, by_record: bool | None) -> object:
    """What a way of reading says of a file: its rows and bad rows, or why it is refused."""
    try:
        read = reading.read(session, CONTEXT, file, by_record)
    except Refused as refused:
        return refused.check, refused.observed
    if file.contract.identifiers:
        reading.hash_identifiers(session, file, "key", "CN")
    written, count = reading.write_rows(session, read, 1)
    assert count + len(read.set_aside) == read.staged.rows, "a row was lost"
    rows = session.database.execute(f"select * from read_parquet('{written}') order by _line").fetchall()
    written.unlink()
    texts = {row: (found.line, found.text) for row, found in read.texts().items()}
    judged = read.judged
    counted = (judged.row_set_hash, judged.conflicts, judged.newest_change, read.staged.columns)
    return rows, sorted(judged.bad), texts, counted


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_both_ways_say_the_same(past: Past, session: Session, tmp_path: Path, case: Case) -> None:
    changes.PAST[:] = [past]
    folder = tmp_path / DAY.isoformat()
    folder.mkdir()
    for path in past.folder(DAY).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    try:
        case.change(folder)
    except AssertionError:
        pytest.skip("this small business has no row to change")
    settings = Settings.load({"USEROPS_LANDING": str(tmp_path), "USEROPS_HOME": str(tmp_path / "home")})
    changed = {case.export, "orders", "order_lines"} if case.export != "folder" else {"orders"}
    for delivered in list_folder(settings, DAY).delivered:
        if delivered.export in changed:
            contract, path = load_contracts()[delivered.export], Path(delivered.path)
            file = File(contract, delivered, path, "", path.stat().st_size, delivered.stamp, DAY)
            by_record = facts(session, file, True)
            assert facts(session, file, None) == by_record
            # Where DuckDB says by itself that it cannot read the file, nobody believes a count of it.
            with suppress(Miscounted, *READING_ERRORS):
                assert facts(session, file, False) == by_record
