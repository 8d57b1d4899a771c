"""What a layout does to cells, against plain Python: cleaning, amounts, instants, pseudonyms, values."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.ingest import mapping
from userops.ingest.clock import Clock
from userops.ingest.landing import DeliveredFile
from userops.ingest.mapping import Context
from userops.ingest.outcome import Refused, Staged
from userops.ingest.scan import Scan
from userops.ingest.traits import Traits
from userops.platforms.layout import Clean, Layout, PlatformExport, SetAside

CONTEXT = Context(date(2026, 3, 2), Clock("Asia/Shanghai"), "CNY", lambda: "key", lambda database, export: None)
EXPORT = PlatformExport(select="select _row, pseudonym('p', cell) as contact_id from staged")
CELLS = st.lists(st.text(alphabet="ab1'\t=\"- ,.元¥", max_size=8), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("set timezone = 'UTC'")
        CONTEXT.clock.register(opened, CONTEXT.business_date)
        layout = Layout(files=("x",), header={"Cell": "cell"}, exports={"contacts": EXPORT})
        mapping._prepare(opened, CONTEXT, layout, EXPORT)
        yield opened


def given_cells(database: duckdb.DuckDBPyConnection, cells: list[str | None]) -> None:
    """The table `delivered`, as a file of one column leaves it."""
    database.register("incoming", pa.table({"cell": pa.array(cells, pa.string())}))
    database.execute("create or replace table delivered as select * from incoming")
    database.unregister("incoming")


def ask(database: duckdb.DuckDBPyConnection, expression: str, cells: list[str]) -> list[object]:
    given_cells(database, cells)
    return [value for (value,) in database.execute(f"select {expression} from delivered order by rowid").fetchall()]


def cleaned(database: duckdb.DuckDBPyConnection, clean: Clean, cells: list[str]) -> list[str | None]:
    rules = PlatformExport(select="select _row, cell, twice from staged")
    layout = Layout(
        files=("x",), header={"Cell": "cell"}, exports={"channels": rules}, clean=clean,
        compute={"twice": "cell || cell"},
    )
    given_cells(database, [cell or None for cell in cells])
    staged = Staged("delivered", None, {"cell"}, len(cells), len(cells), [], Traits(), True)
    mapping._stage_rows(database, layout, load_contracts()["channels"], {"cell"}, {}, staged, Scan(None, ","))
    found = database.execute("select cell, twice from staged order by _row").fetchall()
    assert all(twice == (cell and cell + cell) for cell, twice in found)
    return [cell for cell, _ in found]


@given(cells=CELLS)
def test_cells_are_cleaned_at_their_ends(database, cells: list[str]) -> None:
    found = cleaned(database, Clean(strip="'\t", unwrap=True, missing=("-", "--")), cells)
    for cell, value in zip(cells, found, strict=True):
        bare = cell.strip("'\t ")
        formula = re.fullmatch(r'="?([^"]*)"?', bare)
        bare = formula[1].strip("'\t ") if formula else bare
        assert value == (None if bare in ("", "-", "--") else bare)


@given(cells=CELLS)
def test_without_clean_only_empty_cells_change(database, cells: list[str]) -> None:
    assert cleaned(database, Clean(), cells) == [cell or None for cell in cells]


AMOUNTS = st.tuples(
    st.decimals(min_value=-10**12, max_value=10**12, places=2), st.booleans(),
    st.sampled_from(["", "¥", "￥", "$", "¥ "]), st.sampled_from(["", "元", " 元"]),
)


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=30))
def test_amounts_are_numbers_as_people_write_them(database, amounts: list[tuple]) -> None:
    cells = []
    for value, commas, mark, unit in amounts:
        sign, digits = ("-", str(value)[1:]) if value.is_signed() else ("", str(value))
        cells.append(sign + mark + (f"{Decimal(digits):,.2f}" if commas else digits) + unit)
    assert ask(database, "number(cell)", cells) == [value for value, *_ in amounts]


@given(cells=CELLS)
def test_what_is_no_amount_is_null(database, cells: list[str]) -> None:
    for cell, value in zip(cells, ask(database, "number(cell)", cells), strict=True):
        bare = re.sub(r" ?元\Z", "", re.sub(r"\A(-?)¥ ?", r"\1", cell))
        is_amount = re.fullmatch(r"-?(\d{1,18}|\d{1,3}(,\d{3}){1,5})([.]\d{1,18})?", bare) is not None
        assert (value is not None) == is_amount, cell


@pytest.mark.parametrize("cell", ["10,00", "1,2345", "1.234,50", "1e3", "12 00", "--5", "", "元", "十", "1元2"])
def test_a_cell_that_only_looks_like_an_amount_stays_none(database, cell: str) -> None:
    assert ask(database, "number(cell)", [cell]) == [None]


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-03-02 10:00:00", "2026-03-02 10:00:00+08"),
        ("2026-03-02T10:00", "2026-03-02 10:00:00+08"),
        ("2026-03-01 22:32:11 -0500", "2026-03-02 11:32:11+08"),
        ("2026-03-02T02:00:00Z", "2026-03-02 10:00:00+08"),
        ("2026-02-30 10:00:00", None),
        ("2026-03-02", None),
        ("10:00", None),
        ("yesterday", None),
    ],
)
def test_instants_with_and_without_offset(database, cell: str, instant: str | None) -> None:
    (found,) = ask(database, "instant(cell)", [cell])
    assert found == (instant and datetime.fromisoformat(instant))


def test_a_pseudonym_hides_the_name_and_depends_on_the_key(database) -> None:
    one, again, other, nobody = ask(database, "pseudonym('tb', cell)", ["小熊家", "小熊家", "白露", None])
    assert one == again != other
    assert re.fullmatch("tb_[0-9a-f]{32}", one)
    assert nobody is None
    database.execute("set variable pseudonym_key = 'another'")
    assert ask(database, "pseudonym('tb', cell)", ["小熊家"]) != [one]


@pytest.mark.parametrize(
    ("amount", "part", "whole", "shared"),
    [
        ("932.45", "758", "1097", "644.30"), ("3.00", "1", "20000", "0.00"), ("0.05", "1", "10", "0.01"),
        ("-0.05", "1", "10", "-0.01"), ("0.05", "1", "-10", "-0.01"), ("1", "1", "3", "0.33"), ("2", "1", "3", "0.67"),
        ("99999999.99", "123456.78", "123456.79", "99999991.89"), ("1", "1", "0", None), ("1", "0", "3", "0.00"),
    ],
)  # fmt: skip
def test_shares_are_exact_and_rounded_half_up(database, amount: str, part: str, whole: str, shared: str | None) -> None:
    found = database.execute(f"select share(number('{amount}'), number('{part}'), number('{whole}'))").fetchall()[0][0]
    assert found == (None if shared is None else Decimal(shared))


@given(
    amount=st.decimals(-(10**7), 10**7, places=2), part=st.decimals(0, 10**6, places=2),
    whole=st.decimals(Decimal("0.01"), 10**6, places=2),
)  # fmt: skip
def test_shares_against_python(database, amount: Decimal, part: Decimal, whole: Decimal) -> None:
    found = database.execute(f"select share(number('{amount}'), number('{part}'), number('{whole}'))").fetchall()[0][0]
    exact = abs(Fraction(amount) * Fraction(part) / Fraction(whole)) * 100
    cents = int(exact + Fraction(1, 2))
    assert abs(found) * 100 == cents


def test_a_plain_number_is_a_text_without_marks(database) -> None:
    cells = ["1,234.50", "¥12", "12元", "0012", "10,50", "x", "+5"]
    assert ask(database, "plain(cell)", cells) == ["1234.50", "12", "12", "0012", "10,50", "x", "+5"]


def test_values_are_literals_and_casts_stay_casts() -> None:
    text = "select :channel::text, :other, a::numeric, 'x' from t where day = :business_date"
    assert mapping._with_values(text, {"channel": "'it''s'", "business_date": "'2026-03-02'::date"}) == (
        "select 'it''s'::text, :other, a::numeric, 'x' from t where day = '2026-03-02'::date"
    )


def test_what_no_export_names_is_not_worked_out() -> None:
    layout = Layout(
        files=("x",), exports={}, header={"A": "a", "B": "b", "C": "c", "D": "d"},
        compute={"x": "a || b", "y": "lower(a)", "z": "x || y", "unused": "c"},
    )
    rules = PlatformExport(select="select _row, z as sku from staged")
    assert mapping._needed(layout, rules) == (["a", "b"], [["x", "y"], ["z"]])
    assert mapping._needed(layout, PlatformExport(select="select _row, d from staged")) == (["d"], [])


def apply(database, select: str, cells: list[str], **rules: object) -> tuple[Staged, list[tuple]]:
    export = PlatformExport(select=select, **rules)
    layout = Layout(files=("shop*.csv",), header={"Cell": "cell"}, exports={"contacts": export}, platform="shop")
    delivered = DeliveredFile("shop1.csv", "", "contacts", "csv", "", layout)
    staged = Staged("delivered", "rowid + 1", {"cell"}, len(cells), len(cells), [], Traits(), True)
    given_cells(database, cells)
    mapping.apply_layout(
        database, CONTEXT, delivered, load_contracts()["contacts"], Scan(None, ","), ({"cell"}, {"Cell"}), staged
    )
    return staged, database.execute("select * from stage order by all").fetchall()


def test_sql_that_does_not_run_names_platform_and_export(database) -> None:
    for select in ("select _row, cel as contact_id from staged", "select _row, from staged, x"):
        with pytest.raises(UseropsError, match="platforms/shop.yml, contacts: its SQL does not run: .*fix the"):
            apply(database, select, ["a"], row_per_line=True)


def test_a_cell_that_the_sql_cannot_read_refuses_the_file_and_is_not_shown(database) -> None:
    with pytest.raises(Refused) as refused:
        apply(database, "select _row, cell::integer::text as contact_id from staged", ["13800138000x"])
    assert "13800138000" not in f"{refused.value.observed} {refused.value.expected} {refused.value.fix}"
    assert "number()" in refused.value.fix


SPLIT = "select _row, part as contact_id from (select _row, unnest(string_split(cell, ';')) as part from kept)"


def test_split_lines_count_what_became_of_every_source_row(database) -> None:
    aside = (SetAside(when="cell = 'x'", reason="no row"),)
    staged, rows = apply(database, SPLIT, ["a;b", "x", "c"], split_lines=True, set_aside=aside)
    assert rows == [(1, "a"), (1, "b"), (3, "c")]
    assert (staged.rows, staged.set_aside) == (4, [(2, "no row")])


def test_a_source_row_that_gives_no_row_refuses_the_file(database) -> None:
    with pytest.raises(Refused, match="1 of 2 rows gave no row of the export"):
        apply(database, SPLIT + " where part <> 'b'", ["a", "b"], split_lines=True)


def test_too_many_rows_set_aside_refuse_the_file(database) -> None:
    aside = (SetAside(when="cell = 'x'", reason="no row"),)
    with pytest.raises(Refused, match="6 of 7 rows set aside"):
        apply(database, "select _row, cell as contact_id from staged", [*"xxxxxx", "a"], row_per_line=True,
              set_aside=aside, max_set_aside_share=0.5)


@pytest.mark.parametrize(
    ("cell", "is_comma", "amount"),
    [
        ("1.234,56", True, "1234.56"), ("10,50", True, "10.50"), ("1.078,90 €", True, "1078.90"), ("0,5", True, "0.5"),
        ("1,234", False, "1234"), ("1,234.50", False, "1234.50"), ("12", False, "12"), ("$16.25", False, "16.25"),
        ("USD 1,054.99", False, "1054.99"), ("-3,5", True, "-3.5"), ("n/a", False, "n/a"), (None, False, None),
        ("US$16.25", False, "16.25"), ("-$3.50", False, "-3.50"), ("12 00", False, "12 00"), ("1元2", False, "1元2"),
        ("16,25\u00a0€", True, "16.25"),
    ],
)
def test_a_decimal_comma_is_told_by_the_cell_and_read_where_it_was_told(database, cell, is_comma, amount) -> None:
    assert ask(database, "decimal_comma(cell)", [cell]) == [is_comma]
    assert ask(database, "amount(cell, decimal_comma(cell))", [cell]) == [amount]


def test_a_file_with_decimal_commas_has_points_between_thousands(database) -> None:
    assert ask(database, "amount(cell, true)", ["1.234", "1.234,5"]) == ["1234", "1234.5"]


def test_a_phone_is_one_where_the_library_takes_it_for_one(database) -> None:
    cells = ["13800138002", "12345", "+85261234567", "61234567", "138-0013-8001"]
    chinese, of_hong_kong = [True, False, True, False, True], [False, False, True, True, False]
    for country, valid in (("CN", chinese), ("HK", of_hong_kong)):
        mapping._know_phones(database, country)
        assert ask(database, "is_phone(cell)", cells) == valid
