"""What spreadsheets and careless writers do to cells, in both ways of reading: refused, set aside, repaired, told."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from userops.contracts.model import load_contracts
from userops.ingest import damage, file_checks, judging, lineage, reading
from userops.ingest.clock import Clock
from userops.ingest.landing import DeliveredFile, read_by
from userops.ingest.mapping import Context
from userops.ingest.outcome import Refused
from userops.ingest.reading import File, Reading
from userops.ingest.traits import ERRORS, INVISIBLE, Traits
from userops.lake.session import Session, open_session
from userops.lake.sql import literal
from userops.platforms.loading import load_platform
from userops.platforms.source import SourceEntries, make_source
from userops.settings import PROJECT_ROOT

DAY = date(2026, 3, 2)
CONTEXT = Context(DAY, Clock("Asia/Shanghai"), "CNY", lambda: "key", lambda database, export: None)
SAVED = "the file was saved by a spreadsheet; export it again"
BOTH = pytest.mark.parametrize("by_record", [None, True])


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with open_session("1GiB", 2) as opened:
        yield opened


def read(
    session: Session, path: Path, export: str, platform: str = "", by_record: bool | None = None
) -> Reading:
    delivered = DeliveredFile(path.name, str(path), export, path.suffix.strip("."), "")
    if platform:
        source = make_source(SourceEntries(name=platform), load_platform(platform))
        delivered = next(file for file in read_by(path.name, str(path), source) if file.export == export)
    file = File(load_contracts()[export], delivered, path, "", path.stat().st_size, "", DAY)
    return reading.read(session, CONTEXT, file, by_record)


def contacts(tmp_path: Path, *rows: dict[str, str], names: tuple[str, ...] = ()) -> Path:
    columns = ("contact_id", "gender", "updated_at", *(names or dict.fromkeys(name for row in rows for name in row)))
    columns = tuple(dict.fromkeys(columns))
    lines = [",".join(columns)]
    for number, row in enumerate(rows):
        row = {"contact_id": f"c{number}", "gender": "u", "updated_at": f"{DAY}T10:00:00"} | row
        lines.append(",".join(row.get(name, "") for name in columns))
    path = tmp_path / "contacts.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def good(session: Session, columns: str) -> list[tuple]:
    return session.database.execute(f"select {columns} from {judging.TABLE} where _good order by contact_id").fetchall()


def told(found: Reading) -> dict[str, tuple[str, str]]:
    return {answer.check: (answer.severity, answer.observed) for answer in file_checks.answers(found)
            if not answer.passed or answer.severity == "info"}


def refusal(session: Session, path: Path, export: str, platform: str, by_record: bool | None) -> str:
    with pytest.raises(Refused) as refused:
        read(session, path, export, platform, by_record)
    assert refused.value.check == "spreadsheet_damage"
    return refused.value.observed


@BOTH
@pytest.mark.parametrize(
    "cells, what", [
        ({"contact_id": "6.917E+18"}, "contact ids"), ({"contact_id": "shop:1.17E+10"}, "contact ids"),
        ({"referrer_contact_id": "7E+20"}, "referrer contact ids"), ({"store_id": "1.5e+16"}, "store ids"),
    ],
)  # fmt: skip
def test_an_id_in_scientific_notation_refuses_the_file(
    session: Session, tmp_path: Path, by_record: bool, cells: dict[str, str], what: str
) -> None:
    path = contacts(tmp_path, {}, cells, {})
    assert refusal(session, path, "contacts", "", by_record) == f"{what} in scientific notation: {SAVED}"


def test_what_only_looks_like_it_is_an_id(session: Session, tmp_path: Path) -> None:
    ids = ["1E10", "12E+", "A1.5E+10B", "1.5-E+10", "12E+5", "x1E+10"]
    found = read(session, contacts(tmp_path, *({"contact_id": each} for each in ids)), "contacts")
    assert found.judged.bad == [] and told(found) == {}


@BOTH
def test_zeros_after_the_fifteenth_digit_refuse_where_half_of_the_long_ids_have_them(
    session: Session, tmp_path: Path, by_record: bool
) -> None:
    rounded = [{"contact_id": f"69175329184{number:04}0000"} for number in range(5)]
    whole = [{"contact_id": f"69175329184{number:04}1234"} for number in range(6)]
    observed = refusal(session, contacts(tmp_path, *rounded, *whole[:5], {}, {}, {}), "contacts", "", by_record)
    assert observed == f"contact ids with zeros after the 15th digit: {SAVED}"
    for rows in (rounded + whole, rounded[:4]):
        assert read(session, contacts(tmp_path, *rows), "contacts", "", by_record).judged.bad == []


def test_an_order_of_many_lines_is_no_damage(session: Session, tmp_path: Path) -> None:
    """One id in ten of sixteen digits ends in a zero by chance, and stands on every line of its order."""
    header = "order_id,line_no,sku,quantity,unit_price,line_amount,updated_at\n"
    path = tmp_path / "order_lines.csv"
    lines = [f"1234567890123450,{number},s{number},1,1,1,{DAY}T10:00:00\n" for number in range(1, 9)]
    path.write_text(header + "".join(lines))
    assert read(session, path, "order_lines").judged.bad == []
    path.write_text(header + "".join(lines).replace("1234567890123450", "1234567890123450000"))
    assert refusal(session, path, "order_lines", "", None).startswith("order ids with zeros")


@pytest.mark.parametrize("export", ["orders", "order_lines"])
@pytest.mark.parametrize(
    "platform, name", [("douyin", "2026-03-02/douyin_orders_1.csv"), ("jd", "jd/2026-03-02/jd_orders.csv")]
)
def test_platforms_files_saved_by_a_spreadsheet(
    session: Session, platform: str, name: str, export: str
) -> None:
    path = PROJECT_ROOT / "tests" / "fixtures" / "spreadsheets" / name.rpartition("/")[2]
    for by_record in (None, True):
        assert refusal(session, path, export, platform, by_record) == f"order ids in scientific notation: {SAVED}"


@BOTH
def test_errors_make_rows_bad_and_warn(session: Session, tmp_path: Path, by_record: bool) -> None:
    rows = [{"city": "Xi'an"}, {"city": "#REF!"}, {"registered_at": "#N/A"}, {"phone": "#VALUE!"}, {"city": "#1"}]
    path = contacts(tmp_path, *rows, names=("city", "registered_at", "phone"))
    found = read(session, path, "contacts", "", by_record)
    assert sorted(found.judged.bad) == [
        (row, f"{name} {damage.ERROR_REASON}") for row, name in ((2, "city"), (3, "registered_at"), (4, "phone"))
    ]
    assert told(found)["spreadsheet_errors"] == ("warning", "3 of 5 rows hold one such as #REF!")


@BOTH
def test_a_platforms_row_with_an_error_is_bad_before_anything_is_made_of_it(
    session: Session, tmp_path: Path, by_record: bool
) -> None:
    source = PROJECT_ROOT / "tests" / "fixtures" / "platforms" / "pinduoduo"
    text = next(source.iterdir()).read_text(encoding="utf-8-sig").splitlines()
    cells = text[1].split(",")
    price = text[0].split(",").index("用户实付金额(元)")
    cells[price] = "#REF!"
    (tmp_path / "pdd_orders.csv").write_text("\n".join([text[0], ",".join(cells), *text[2:]]) + "\n", encoding="utf-8")
    found = read(session, tmp_path / "pdd_orders.csv", "orders", "pinduoduo", by_record)
    assert found.judged.bad[-1][0] == 1 and found.judged.bad[-1][1].endswith(damage.ERROR_REASON)
    rows = session.database.execute(f"select count(*) from {judging.TABLE}").fetchall()[0][0]
    assert rows + len(found.staged.bad) + len(found.staged.set_aside) + 1 == found.staged.rows == len(text) - 1


@BOTH
def test_a_damaged_phone_identifies_nobody_and_warns(session: Session, tmp_path: Path, by_record: bool) -> None:
    rows = [{"phone": cell} for cell in ("1.39111E+10", "13911110010.0", "13911110010", "+86 139-1111-0010")]
    found = read(session, contacts(tmp_path, *rows), "contacts", "", by_record)
    assert good(session, "phone") == [(None,), (None,), ("13911110010",), ("+86 139-1111-0010",)]
    assert told(found) == {"damaged_identifiers": ("warning", "phone: 2 of 4 cells were damaged by a spreadsheet")}


@BOTH
def test_a_platforms_damaged_phones_are_seen_before_its_sql_drops_them(
    session: Session, tmp_path: Path, by_record: bool
) -> None:
    source = PROJECT_ROOT / "tests" / "fixtures" / "platforms" / "douyin"
    text = next(source.iterdir()).read_text(encoding="utf-8-sig").splitlines()
    column = text[0].split(",").index("收件人手机号")
    cells = text[1].split(",")
    cells[column] = '"\t1.39111E+10"'
    (tmp_path / "douyin_orders_1.csv").write_text("\n".join([text[0], ",".join(cells)]) + "\n", encoding="utf-8")
    found = read(session, tmp_path / "douyin_orders_1.csv", "orders", "douyin", by_record)
    assert told(found)["damaged_identifiers"] == ("warning", "phone_cell: 1 of 1 cells were damaged by a spreadsheet")


@BOTH
def test_words_for_nothing_are_no_identifiers(session: Session, tmp_path: Path, by_record: bool) -> None:
    words = ["NULL", "\\N", "None", "nan", "-", "无", "null", "NaN"]
    rows = [{"phone": each, "unionid": each, "referrer_contact_id": each, "city": each} for each in words]
    found = read(session, contacts(tmp_path, *rows, {"unionid": "Nan1"}), "contacts", "", by_record)
    assert good(session, "phone, unionid, referrer_contact_id, city") == [
        *((None, None, None, each) for each in words), (None, "Nan1", None, None),
    ]  # fmt: skip
    assert told(found)["cells_repaired"][0] == "warning"
    assert "referrer_contact_id: 8 of 9" in told(found)["cells_repaired"][1]
    missing = read(session, contacts(tmp_path, {"contact_id": "NULL"}, {}), "contacts", "", by_record)
    assert missing.judged.bad == [(1, "contact_id is empty")]


@BOTH
@pytest.mark.parametrize("mark", INVISIBLE, ids=lambda mark: f"U+{ord(mark):04X}")
def test_what_nobody_sees_is_taken_off_edges_and_no_part_of_an_id(
    session: Session, tmp_path: Path, by_record: bool, mark: str
) -> None:
    rows = [
        {"contact_id": f"{mark}a{mark}", "phone": f"{mark}13911110010", "birth_year": f"1990{mark}", "city": "a"},
        {"contact_id": f"b{mark}c", "city": "a"}, {"contact_id": "d", "unionid": f"x{mark}y", "city": "a"},
        {"contact_id": "e", "phone": f"139{mark}11110010", "city": f"a{mark}b"}, {"contact_id": "f", "city": mark},
    ]
    path = contacts(tmp_path, *rows, names=("phone", "unionid", "birth_year", "city"))
    found = read(session, path, "contacts", "", by_record)
    assert found.judged.bad == [
        (2, "contact_id holds an invisible character"), (3, "unionid holds an invisible character"),
    ]
    assert good(session, "contact_id, phone, birth_year, city") == [
        ("a", "13911110010", 1990, "a"), ("e", f"139{mark}11110010", None, f"a{mark}b"), ("f", None, None, None),
    ]  # fmt: skip
    assert told(found)["cells_repaired"][1].startswith("contact_id: 1 of 5, phone: 1 of 5")


def test_few_repairs_are_no_warning(session: Session, tmp_path: Path) -> None:
    found = read(session, contacts(tmp_path, {"phone": "-"}, *[{}] * 99), "contacts")
    assert told(found)["cells_repaired"] == ("info", "phone: 1 of 100 cells")
    found = read(session, contacts(tmp_path, {"phone": "-"}, *[{}] * 98), "contacts")
    assert told(found)["cells_repaired"][0] == "warning"


@BOTH
@pytest.mark.parametrize("cell, is_bad", [
    ('"{""a"": 1}"', True), ('"[{""a"": 1}]"', True), ("\"{'a': 1}\"", True), ('"[""a"", ""b""]"', True), ("{}", True),
    ("[2026] cup", False), ("{name}", False), ("{0}{name}", False), ("[sic]", False),
])  # fmt: skip
def test_json_in_a_cell_of_a_flat_file(
    session: Session, tmp_path: Path, by_record: bool, cell: str, is_bad: bool
) -> None:
    found = read(session, contacts(tmp_path, {"city": cell}, {}), "contacts", "", by_record)
    assert found.judged.bad == ([(1, "city holds JSON")] if is_bad else [])


@BOTH
def test_amounts_of_a_billion_and_births_to_come(session: Session, tmp_path: Path, by_record: bool) -> None:
    path = tmp_path / "products.csv"
    path.write_text("sku,product_name,category,subcategory,list_price\ns1,a,c,s,1000000000\ns2,a,c,s,1000000000.01\n")
    assert read(session, path, "products", "", by_record).judged.bad == [(2, "list_price is above 1,000,000,000")]
    found = read(session, contacts(tmp_path, {"birth_year": "2026"}, {"birth_year": "2027"}), "contacts", "", by_record)
    assert found.judged.bad == [(2, "birth_year is after the business date")]


def test_what_is_seen_of_a_file_does_not_depend_on_where_it_is_cut() -> None:
    text = f"a,{INVISIBLE[0]},b,#GETTING_DATA,{{".encode()
    for cut in range(len(text) + 1):
        traits = Traits()
        for piece in (text[:cut], b"", text[cut:]):
            traits.look(piece)
        assert (traits.is_ascii, traits.has_invisible, traits.has_errors, traits.has_json) == (False, True, True, True)


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_told(session: Session, error: str) -> None:
    traits = Traits()
    traits.look(f"a,{error},b".encode())
    assert traits.has_errors
    assert session.database.execute(f"select {damage.is_error(literal(error))}").fetchall() == [(True,)]


def test_every_layout_says_what_its_ids_are_made_of() -> None:
    """A layout whose ids come of no column that is named would be judged by nobody."""
    made = 0
    for path in sorted((PROJECT_ROOT / "platforms").glob("*.yml")):
        for layout in load_platform(path.stem).layouts:
            for export in layout.exports:
                ids, personal = lineage.sources_of(layout, load_contracts()[export])
                assert not ids.keys() & personal
                assert set(ids) | personal <= set(layout.columns)
                made += bool(ids)
                assert ids or personal, f"{layout.label} {export}"
    assert made > 10
