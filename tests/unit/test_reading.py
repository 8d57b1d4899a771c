"""From a file to judged rows, without a server: both ways of reading, the same rows and the same reasons."""

import gzip
import os
import random
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from userops.contracts.model import Column, Contract, RowRule, load_contracts
from userops.ingest import judging, reading
from userops.ingest.clock import Clock
from userops.ingest.landing import DeliveredFile
from userops.ingest.mapping import Context
from userops.ingest.outcome import Miscounted, Refused
from userops.ingest.reading import File, Reading
from userops.ingest.staging import READING_ERRORS
from userops.lake.session import Session, open_session
from userops.privacy.keys import hashed

DAY = date(2026, 3, 2)
CONTEXT = Context(DAY, Clock("Asia/Shanghai"), "CNY", lambda: "key", lambda database, export: None)
SECONDS = float(os.environ.get("FUZZ_SECONDS") or 2)
SMALL = Contract(
    name="small", domain="crm", description="", mode="delta", key=("a",), required=False, owner="x", freshness_days=1,
    columns=(
        Column(name="a", type="text", description=""),
        Column(name="b", type="text", description="", nullable=True, free_text=True),
        Column(name="c", type="numeric", description="", nullable=True, min=0),
        Column(name="updated_at", type="timestamptz", description="", nullable=True, past=True),
    ),
    row_rules=(RowRule(rule="b <> 'x'", reason="b is x"),),
)  # fmt: skip


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with open_session("1GiB", 2) as opened:
        yield opened


def file_of(path: Path, contract: Contract, export: str = "small") -> File:
    packed = path.suffix if path.suffix in (".gz", ".zst") else ""
    kind = path.name.removesuffix(packed).rsplit(".", 1)[-1]
    delivered = DeliveredFile(path.name, str(path), export, kind, packed)
    return File(contract, delivered, path, "", path.stat().st_size, "", DAY)


def facts(session: Session, read: Reading) -> dict:
    """Everything that a reading says, in an order of its own."""
    rows = session.database.execute(
        f"select {read.judged.row} as _number, * exclude (_good, _mended) from {judging.TABLE} where _good order by 1"
    ).fetchall()
    if read.judged.row == "_row":
        rows = [(row[0], *row[1:-2], row[-1]) for row in rows]
    return {
        "rows": rows, "bad": sorted(read.judged.bad), "hash": read.judged.row_set_hash, "count": read.staged.rows,
        "texts": {row: (found.line, found.text) for row, found in read.texts().items()},
        "conflicts": read.judged.conflicts, "newest": read.judged.newest_change,
    }  # fmt: skip


def both(
    session: Session, path: Path, contract: Contract = SMALL, export: str = "small"
) -> tuple[object, object, bool]:
    """What each way says, or how it refuses; and whether DuckDB's own reader was the one that was taken."""
    found, plain = [], False
    for by_record in (None, True):
        try:
            read = reading.read(session, CONTEXT, file_of(path, contract, export), by_record)
            found.append(facts(session, read))
            plain = plain or read.staged.row is None
        except Refused as refused:
            found.append((refused.check, refused.observed))
    return found[0], found[1], plain


# Whole cells as writers quote them, and pieces that no writer would put there.
PROPER = st.sampled_from(
    ["", "1", "2.50", "x", "é", "订单", '"a,b"', '"a ""b"""', '""', '"two\nlines"', "2026-03-01T10:00:00"]
)
ROWS = st.lists(st.lists(PROPER, min_size=4, max_size=4).map(",".join), max_size=12).map("\n".join)
PIECES = st.sampled_from(
    ["a", ",", ",,", '"', '""', "\n", "\n\n", "\r\n", "\r", " ", "é", "订", "1", "-1", "=1+1", "\\.", "\\N",
     "\u2028", "\ufeff"]
)
HOSTILE = st.lists(PIECES, max_size=40).map("".join)


def fuzz(test) -> None:
    until = time.monotonic() + SECONDS
    while True:
        number = random.SystemRandom().randrange(2**32)
        print(f"seed {number}")
        seed(number)(test)()
        if time.monotonic() > until:
            return


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_both_ways_agree_on_what_writers_write(session, tmp_path: Path, line_end: str) -> None:
    path, ways = tmp_path / "small.csv", []

    @given(ROWS, st.booleans())
    def one(rows: str, ended: bool) -> None:
        text = f"a,b,c,updated_at\n{rows}" + "\n" * ended
        path.write_bytes(text.replace("\n", line_end).encode())
        fast, slow, plain = both(session, path)
        assert fast == slow
        ways.append(plain)

    fuzz(one)
    assert any(ways)


def test_both_ways_agree_on_anything(session, tmp_path: Path) -> None:
    path = tmp_path / "small.csv"

    @given(HOSTILE)
    def one(text: str) -> None:
        path.write_bytes(f"a,b,c,updated_at\n{text}".encode())
        fast, slow, _ = both(session, path)
        assert fast == slow

    fuzz(one)


@pytest.mark.parametrize(
    "text",
    [
        "a1,b,1,\na2,b\na3,b,2,\n", "a1,b,1,\na2,b,1,,\n", "a1,b,1,\na2,\"b,1,\na3,b,2,\n\"", 'a"1,b"2,1,\n',
        "a1,b,1,\r\na2,b,1,\n", "a1,b\r,1,\n", "\n\na1,b,1,\n\n", "a1,b,1,", "a1,\"b\n\nb\",1,\n", "a1,b,1,2026-03-0",
    ],
)  # fmt: skip
def test_both_ways_agree_where_parsers_differ(session, tmp_path: Path, text: str) -> None:
    path = tmp_path / "small.csv"
    path.write_bytes(f"a,b,c,updated_at\n{text}".encode())
    fast, slow, _ = both(session, path)
    assert fast == slow


def test_a_record_that_duckdb_loses_is_not_lost(session, tmp_path: Path) -> None:
    """DuckDB takes one empty field too many for nothing: the count of delimiters tells."""
    path = tmp_path / "small.csv"
    path.write_text("a,b,c,updated_at\na1,b,1,\na2,b,1,,\n")
    with pytest.raises((Miscounted, *READING_ERRORS, AssertionError)):
        read = reading.read(session, CONTEXT, file_of(path, SMALL), by_record=False)
        assert len(session.database.execute(f"select * from {judging.TABLE}").fetchall()) < read.staged.rows
    read = reading.read(session, CONTEXT, file_of(path, SMALL))
    assert read.judged.bad == [(2, "5 fields where the header has 4")]
    assert read.texts()[2].text == "a2,b,1,,"


def order(number: int, **changed: str) -> str:
    row = {
        "order_id": f"o{number}", "contact_id": f"c{number}", "phone": f"138001{number:05}", "status": "paid",
        "placed_at": f"{DAY}T10:00:00", "paid_at": f"{DAY}T10:00:00", "gross_amount": "10.00", "discount_amount": "0",
        "shipping_amount": "0", "paid_amount": "10.00", "currency": "CNY", "sales_channel": "app",
        "updated_at": f"{DAY}T10:00:00+08:00",
    } | changed
    return ",".join(row.values())


HEADER = (
    "order_id,contact_id,phone,status,placed_at,paid_at,gross_amount,discount_amount,shipping_amount,paid_amount,"
    "currency,sales_channel,updated_at"
)
REASONS = [
    ({"paid_amount": "ten"}, "paid_amount is not a valid numeric"),
    ({"placed_at": "2026-02-30T10:00:00"}, "placed_at is not a valid timestamptz"),
    ({"updated_at": "2026-03-02T10:00:00+16:00"}, "updated_at is not a valid timestamptz"),
    ({"status": "lost"}, "status is none of the allowed values"),
    ({"currency": ""}, "currency is empty"),
    ({"currency": "cny"}, "currency does not match ^[A-Z]{3}$"),
    ({"updated_at": "2026-03-03T00:00:01+08:00"}, "updated_at is after the business date"),
    ({"gross_amount": "-1"}, "gross_amount is below 0"),
    ({"paid_at": ""}, "a paid status without paid_at"),
    ({"paid_at": f"{DAY}T09:59:59"}, "paid before it was placed"),
    ({"contact_id": "é–‚Ã©"}, "garbled characters"),
    ({"paid_amount": '"10,00"'}, "paid_amount is not a valid numeric"),
    ({"order_id": "order_id", "contact_id": "contact_id", "status": "status"}, "the header again"),
    ({"status": "lost", "gross_amount": "-1", "order_id": ""}, "order_id is empty"),
]


@pytest.mark.parametrize("by_record", [False, True])
def test_each_bad_row_has_its_first_reason(session, tmp_path: Path, by_record: bool) -> None:
    path = tmp_path / "orders.csv"
    lines = [order(number, **changed) for number, (changed, _) in enumerate(REASONS)]
    path.write_text("\n".join([HEADER, order(99), *lines]) + "\n")
    read = reading.read(session, CONTEXT, file_of(path, load_contracts()["orders"], "orders"), by_record)
    assert read.judged.bad == [(number + 2, reason) for number, (_, reason) in enumerate(REASONS)]
    assert [read.texts()[row].text for row, _ in read.judged.bad] == lines
    reading.hash_identifiers(session, read.file, "key", "CN")
    written, rows = reading.write_rows(session, read, 7)
    (row,) = parquet.read_table(written).to_pylist()
    assert rows == 1 and "phone" not in row
    assert row["phone_hash"] == hashed("key", "phone", "+8613800100099")
    assert (row["_load_id"], row["_line"], row["_business_date"], row["_source"]) == (7, 1, DAY, "canonical")


@pytest.mark.parametrize("by_record", [False, True])
def test_rows_keep_their_numbers_in_a_large_file(session, tmp_path: Path, by_record: bool) -> None:
    path = tmp_path / "small.csv.gz"
    count = 300_000
    text = "a,b,c,updated_at\n" + "".join(f'{n},"b, {n}",{n % 7},\n' for n in range(1, count + 1))
    path.write_bytes(gzip.compress(text.encode(), 1))
    read = reading.read(session, CONTEXT, file_of(path, SMALL), by_record)
    wrong = f"select count(*), count(*) filter (a <> ({read.judged.row})::varchar) from {judging.TABLE}"
    assert session.database.execute(wrong).fetchall() == [(count, 0)]


def test_the_same_rows_in_another_order_have_the_same_hash(session, tmp_path: Path) -> None:
    hashes = set()
    for lines in (["a,x1,1,", "b,x2,2,"], ["b,x2,2,", "a,x1,1,"]):
        path = tmp_path / "small.csv"
        path.write_text("\n".join(["a,b,c,updated_at", *lines]) + "\n")
        hashes.add(reading.read(session, CONTEXT, file_of(path, SMALL)).judged.row_set_hash)
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("lines", "conflicts"),
    [
        (["k,b,1,", "k,b,1,"], 0), (["k,b,1,", "k,b,1.00,"], 0), (["k,b,1,", "k,,1,"], 0), (["k,b,1,", "k,c,1,"], 1),
        (["k,b,1,", "k,c,1,", "k,c,2,"], 2), (["k,b,1,2026-03-01T10:00:00", "k,c,1,2026-03-01T11:00:00"], 0),
    ],
)  # fmt: skip
def test_a_key_with_two_contents_is_a_conflict(session, tmp_path: Path, lines: list[str], conflicts: int) -> None:
    path = tmp_path / "small.csv"
    path.write_text("\n".join(["a,b,c,updated_at", *lines]) + "\n")
    assert reading.read(session, CONTEXT, file_of(path, SMALL)).judged.conflicts == conflicts


def test_no_extension_is_needed_that_a_download_would_bring(session) -> None:
    assert session.database.execute("select current_setting('autoinstall_known_extensions')").fetchall() == [(False,)]
    assert isinstance(session.database, duckdb.DuckDBPyConnection)
