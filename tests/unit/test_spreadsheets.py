"""Spreadsheets become the rows that the same file as CSV has; what is broken or hostile is refused in words."""

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from userops.contracts.model import load_contracts
from userops.ingest import file_checks, judging, reading
from userops.ingest.clock import Clock
from userops.ingest.landing import DeliveredFile, read_by
from userops.ingest.mapping import Context
from userops.ingest.outcome import Refused
from userops.ingest.reading import File, Reading
from userops.ingest.records import Unreadable
from userops.ingest.spreadsheets import any_of, csv_of_workbook, wanted
from userops.lake.session import Session, open_session
from userops.platforms.loading import load_platform
from userops.platforms.source import SourceEntries, make_source
from workbooks import DAY as DAY_STYLE
from workbooks import INSTANT, TIME, Cell, Sheet, write

DAY = date(2026, 3, 2)
CONTEXT = Context(DAY, Clock("Asia/Shanghai"), "CNY", lambda: "key", lambda database, export: None)
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
NAMES = ["sku", "product_name", "category", "subcategory", "list_price", "launched_on"]
ROW = ["s1", "Cup", "c", "s", 1.5, Cell("46083", style=DAY_STYLE)]
ERROR = Cell("#REF!", "e", formula="#REF!")


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with open_session("1GiB", 2) as opened:
        yield opened


def texts_of(path: Path, tmp_path: Path, names: set[str] = frozenset(NAMES)) -> tuple[list[list[str]], int, str]:
    opened = csv_of_workbook(path, tmp_path / "out.csv", any_of(names))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file)), opened.titles, opened.epoch


def read(session: Session, path: Path, export: str, platform: str = "", by_record: bool | None = None) -> Reading:
    contract = load_contracts()[export]
    packed = path.suffix if path.suffix in (".gz", ".zst") else ""
    if platform:
        source = make_source(SourceEntries(name=platform), load_platform(platform))
        delivered = next(file for file in read_by(path.name, str(path), source) if file.export == export)
    else:
        delivered = DeliveredFile(path.name, str(path), export, path.name.removesuffix(packed)[-4:].strip("."), packed)
    file = File(contract, delivered, path, "", path.stat().st_size, "", DAY)
    return reading.read(session, CONTEXT, file, by_record)


def rows(session: Session, columns: str) -> list[tuple]:
    return session.database.execute(f"select {columns} from {judging.TABLE} where _good order by all").fetchall()


def test_cells_are_texts_as_csv_has_them(tmp_path: Path) -> None:
    cells = [
        "6917532918450123456", 6917532918450123456, 123456789012345, 10.0, 0.30000000000000004, 1e-7, -2.5,
        Cell("1", "b"), Cell("0", "b"), ERROR, Cell("42", formula="6*7"), Cell("46083.41666666667", style=INSTANT),
        Cell("46083", style=DAY_STYLE), Cell("0.4375", style=TIME), "two\r\nlines", " a ",
    ]  # fmt: skip
    found, titles, epoch = texts_of(write(tmp_path / "a.xlsx", Sheet([["sku", "product_name"], cells])), tmp_path)
    assert (titles, epoch) == (0, "1899-12-30")
    assert found[1] == [
        "6917532918450123456", "6.91753291845012E+18", "123456789012345", "10", "0.3", "1e-07", "-2.5", "true", "false",
        "#REF!", "42", "2026-03-02 10:00:00", "2026-03-02", "10:30:00", "two\nlines", " a ",
    ]  # fmt: skip


def test_the_first_visible_sheet_with_a_header_is_read_below_its_titles(tmp_path: Path) -> None:
    sheets = [
        Sheet([NAMES, ["hidden", *ROW[1:]]], state="hidden"),
        Sheet([["Read me first"], ["This export was made by nobody"]]),
        Sheet([["Products of today"], [], [None, *NAMES], [None, *ROW], [], [None, *ROW[:4], ERROR], [None, ""], []]),
        Sheet([NAMES, ["later", *ROW[1:]]]),
    ]
    found, titles, _ = texts_of(write(tmp_path / "a.xlsx", *sheets), tmp_path)
    assert titles == 2
    assert [row[1:] for row in found if row] == [
        NAMES, ["s1", "Cup", "c", "s", "1.5", "2026-03-02"], ["s1", "Cup", "c", "s", "#REF!", ""],
    ]  # fmt: skip


def test_dates_of_early_macintoshes_are_counted_from_1904(tmp_path: Path) -> None:
    sheet = Sheet([["sku", "product_name"], [Cell("44621", style=DAY_STYLE), "x"]])
    found, _, epoch = texts_of(write(tmp_path / "a.xlsx", sheet, from_1904=True), tmp_path)
    assert (found[1][0], epoch) == ("2026-03-02", "1904-01-01")


def test_an_older_workbook_gives_the_same_texts(tmp_path: Path) -> None:
    """`old.xls` was written with xlwt: a hidden sheet, titles, dates, an error, a formula, a long number."""
    found, titles, _ = texts_of(FIXTURES / "spreadsheets" / "old.xls", tmp_path)
    assert titles == 1
    assert found[1:] == [
        NAMES, ["s1", "Cup", "c", "s", "1.5", "2026-03-02"], ["6.91753291845010E+18", "杯", "c", "s", "#REF!", ""],
        ["s3", "true", "c", "s", "#N/A", ""],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"<html><table></table></html>", "holds none: text or a web page"), (b"", "holds none"),
        (b"PK\x03\x04" + b"\0" * 200, "broken"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "broken"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_refused_in_words(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.xls").write_bytes(content)
    with pytest.raises(Unreadable, match=reason):
        csv_of_workbook(tmp_path / "a.xls", tmp_path / "out.csv", any_of(NAMES))


def test_a_workbook_of_hidden_or_empty_sheets_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", Sheet([NAMES], state="hidden"), Sheet([]))
    with pytest.raises(Unreadable, match="no visible sheet"):
        csv_of_workbook(path, tmp_path / "out.csv", any_of(NAMES))


def test_a_small_file_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    far = Sheet([NAMES]).xml().replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    path = write(tmp_path / "a.xlsx", Sheet([NAMES]), parts={"xl/worksheets/sheet1.xml": far})
    with pytest.raises(Unreadable, match="grows past"):
        csv_of_workbook(path, tmp_path / "out.csv", any_of(NAMES))


@pytest.mark.parametrize("by_record", [None, True])
@pytest.mark.parametrize("packed", [False, True])
def test_a_canonical_export_as_a_workbook(session: Session, tmp_path: Path, packed: bool, by_record: bool) -> None:
    path = write(tmp_path / "products.xlsx", Sheet([
        ["Products"], NAMES, ROW, [], ["s2", "two\nlines", "c", "s", 2, 46083],
        ["s3", "Error", "c", "s", ERROR, None], ["s4", "Pot", "c", "s", 3, "2026-03-01", "shifted"],
    ]))  # fmt: skip
    if packed:
        path = path.with_name("products.xlsx.gz")
        path.write_bytes(gzip.compress((tmp_path / "products.xlsx").read_bytes()))
    found = read(session, path, "products", by_record=by_record)
    assert rows(session, "sku, product_name, list_price::varchar, launched_on::varchar") == [
        ("s1", "Cup", "1.50", "2026-03-02"), ("s2", "two\nlines", "2.00", "2026-03-02"),
    ]  # fmt: skip
    texts = found.texts()
    assert [(texts[row].line, reason) for row, reason in sorted(found.judged.bad)] == [
        (6, "list_price is an error of a spreadsheet, such as #REF!"), (7, "7 fields where the header has 6"),
    ]  # fmt: skip


def test_instants_are_read_of_days_and_bare_numbers(session: Session, tmp_path: Path) -> None:
    names = ["contact_id", "gender", "registered_at", "updated_at"]
    lines = [
        ["c1", "f", Cell("46083", style=INSTANT), Cell("46083.41666666667", style=INSTANT)],
        ["c2", "m", 46083.4166666667, "2026-03-02T10:00:00+08:00"],
    ]
    read(session, write(tmp_path / "contacts.xlsx", Sheet([names, *lines])), "contacts")
    local = "(registered_at at time zone 'Asia/Shanghai')::varchar"
    assert rows(session, f"contact_id, {local}, (updated_at at time zone 'UTC')::varchar") == [
        ("c1", "2026-03-02 00:00:00", "2026-03-02 02:00:00"), ("c2", "2026-03-02 10:00:00", "2026-03-02 02:00:00"),
    ]


@pytest.mark.parametrize("platform", ["shopify", "douyin", "pinduoduo", "taobao", "google_ads", "ocean_engine"])
def test_a_platforms_file_saved_as_a_workbook_gives_the_same_rows(
    session: Session, tmp_path: Path, platform: str
) -> None:
    layouts = [layout for layout in load_platform(platform).layouts if layout.format == "csv"]
    compared = 0
    for path in sorted((FIXTURES / "platforms" / platform).iterdir()):
        for layout in (layout for layout in layouts if layout.matches(path.name)):
            text = path.read_bytes().decode(layout.encoding).removeprefix("\ufeff")
            lines = csv.reader(text.splitlines(), delimiter=layout.delimiter)
            book = write(tmp_path / f"{path.stem}.xlsx", Sheet([[cell or None for cell in line] for line in lines]))
            for export in layout.exports:
                said = []
                for one in (path, book):
                    found = read(session, one, export, platform)
                    said.append((rows(session, "* exclude (_hash, _good, _mended)"), sorted(found.set_aside)))
                assert said[0] == said[1]
                compared += len(said[0][0])
    assert compared


def test_a_workbook_without_its_columns_names_one(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "products.xlsx", Sheet([["a", "b"], ["1", "2"]]))
    with pytest.raises(Refused) as refused:
        read(session, path, "products")
    assert refused.value.check == "header" and "sku" in refused.value.observed


def test_of_several_sheets_the_first_with_the_columns_and_rows_is_read(session: Session, tmp_path: Path) -> None:
    """An empty sheet, one with two names by chance, the one; those that hold something and were not read are named."""
    sheets = [
        Sheet([NAMES], "Template"), Sheet([["sku", "category", "note"], ["s9", "c", "x"]], "Notes"),
        Sheet([NAMES, ROW], "Products"), Sheet([NAMES, ["s2", *ROW[1:]]], "More"), Sheet([], "Empty"),
    ]
    found = read(session, write(tmp_path / "products.xlsx", *sheets), "products")
    assert rows(session, "sku") == [("s1",)]
    (told,) = [answer for answer in file_checks.answers(found) if answer.check == "sheets_not_read"]
    assert (told.severity, told.observed) == ("warning", "1 rows of sheet Products; not read: Template, Notes, More")
    # Where none has rows, what was read of is the empty one, and the others are named all the same.
    found = read(session, write(tmp_path / "products.xlsx", *sheets[:2]), "products")
    told = {answer.check: answer.observed for answer in file_checks.answers(found)}
    assert told["sheets_not_read"] == "0 rows of sheet Template; not read: Notes"


def test_a_source_names_the_sheet_that_is_read(session: Session, tmp_path: Path) -> None:
    header = ["Name", "Created at", "Currency", "Total", "Financial Status", "Lineitem quantity", "Lineitem price"]
    book = [Sheet([header], "May"), Sheet([header], "June")]
    path, layout = write(tmp_path / "orders_export_1.xlsx", *book), load_platform("shopify").layouts[0]
    opened = csv_of_workbook(path, tmp_path / "out.csv", wanted(layout, load_contracts()["orders"], "June"))
    assert (opened.sheet, opened.others) == ("June", ())
    with pytest.raises(Unreadable, match="no sheet July that holds anything: it has May, June"):
        csv_of_workbook(path, tmp_path / "out.csv", wanted(layout, load_contracts()["orders"], "July"))


def test_what_concerns_the_whole_file_is_told_once(tmp_path: Path) -> None:
    source = make_source(SourceEntries(name="shopify", exports=("order_lines", "refunds")), load_platform("shopify"))
    files = read_by("orders_export_1.csv", "", source)
    assert [(file.export, file.speaks_for_file) for file in files] == [("order_lines", True), ("refunds", False)]
