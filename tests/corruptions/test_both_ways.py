"""Every file of the corruption suite read in both ways: the same rows, the same reasons, and none lost.

DuckDB's reader stands beside one that splits record by record; each is forced on each file. No server is needed.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zlib import crc32

import changes
import pytest
from catalogue import CASES, Case
from changes import each, put

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


# What spreadsheets and careless writers leave in cells (tests/unit/test_damage.py says what becomes of each).
DAMAGES = {
    "scientific ids": ("orders", each("orders", put(order_id="6.917E+18"), 5)),
    "rounded ids": ("orders", each(
        "orders", lambda row: row | {"order_id": f"6917{crc32(row['order_id'].encode()):011}000"}
    )),
    "errors": ("contacts", each("contacts", put(city="#REF!"), 9)),
    "errors of values": ("orders", each("orders", put(paid_amount="#N/A"), 9)),
    "damaged phones": ("contacts", each("contacts", lambda row: row | {"phone": f"{row['phone']}.0"}, 2)),
    "words for nothing": ("contacts", each("contacts", put(phone="NULL", referrer_contact_id="无"), 2)),
    "invisible at edges": ("orders", each(
        "orders", lambda row: row | {name: f"\ufeff{cell}\u00a0" for name, cell in row.items()}, 3
    )),
    "invisible inside": ("orders", each("orders", lambda row: row | {"order_id": f"{row['order_id']}\u200bx"}, 9)),
    "JSON": ("contacts", each("contacts", put(city='{"city": "Xi\'an"}'), 9)),
    "amounts": ("orders", each("orders", put(paid_amount="1000000000.01"), 9)),
    "births to come": ("contacts", each("contacts", put(birth_year="2099"), 9)),
}


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
    compare(session, tmp_path, {case.export, "orders", "order_lines"} if case.export != "folder" else {"orders"})


@pytest.mark.parametrize("name", DAMAGES)
def test_both_ways_say_the_same_of_damage(past: Past, session: Session, tmp_path: Path, name: str) -> None:
    export, change = DAMAGES[name]
    folder = tmp_path / DAY.isoformat()
    folder.mkdir()
    for path in past.folder(DAY).glob(f"{export}.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    change(folder)
    assert before != {path.name: path.read_bytes() for path in folder.iterdir()}
    compare(session, tmp_path, {export})


def compare(session: Session, landing: Path, exports: set[str]) -> None:
    """Every file of these exports, read in each way."""
    settings = Settings.load({"USEROPS_LANDING": str(landing), "USEROPS_HOME": str(landing / "home")})
    for delivered in list_folder(settings, DAY).delivered:
        if delivered.export in exports:
            contract, path = load_contracts()[delivered.export], Path(delivered.path)
            file = File(contract, delivered, path, "", path.stat().st_size, delivered.stamp, DAY)
            by_record = facts(session, file, True)
            assert facts(session, file, None) == by_record
            # Where DuckDB says by itself that it cannot read the file, nobody believes a count of it.
            with suppress(Miscounted, *READING_ERRORS):
                assert facts(session, file, False) == by_record
