"""What a layout does to cells, against plain Python: cleaning, amounts, instants, pseudonyms, values."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from userops.errors import UseropsError
from userops.ingest import mapping
from userops.ingest.landing import Source
from userops.ingest.mapping import Night
from userops.ingest.staged import Refused, Staged
from userops.platforms.layout import Clean, Layout, ProfileExport, SetAside
from userops.settings import Settings

NIGHT = Night(Settings.load({"USEROPS_HASH_KEY": "key"}), date(2026, 3, 2))
EXPORT = ProfileExport(select="select _row, pg_temp.pseudonym('p', cell) as contact_id from staged")
CELLS = st.lists(st.text(alphabet="ab1'\t=\"- ,.元¥", max_size=8), min_size=1, max_size=30)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def connection(warehouse_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse_url) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        layout = Layout(files=("x",), header={"Cell": "cell"}, exports={"contacts": EXPORT})
        opened.commit()
        mapping._prepare(opened, NIGHT, layout, "contacts")
        yield opened
        opened.rollback()


def ask(connection: psycopg.Connection, expression: str, cells: list[str]) -> list[object]:
    given = "unnest(%s::text[]) with ordinality as given (cell, place)"
    found = connection.execute(f"select {expression} from {given} order by place", [cells])
    return [value for (value,) in found]


def cleaned(connection: psycopg.Connection, clean: Clean, cells: list[str]) -> list[str | None]:
    layout = Layout(files=("x",), header={"Cell": "cell"}, exports={}, clean=clean, compute={"twice": "cell || cell"})
    rules = ProfileExport(select="select cell, twice from staged")
    given = "unnest(%s::text[]) with ordinality as given (cell, place)"
    with connection.transaction(force_rollback=True):
        connection.execute("create temp table delivered (cell text, _row bigint)")
        connection.execute(f"insert into delivered select nullif(cell, ''), place from {given}", [cells])
        mapping._stage_rows(connection, layout, rules, {"cell"}, {})
        found = connection.execute("select cell, twice from staged order by _row").fetchall()
    assert all(twice == (cell and cell + cell) for cell, twice in found)
    return [cell for cell, _ in found]


@QUICK
@given(cells=CELLS)
def test_cells_are_cleaned_at_their_ends(connection: psycopg.Connection, cells: list[str]) -> None:
    found = cleaned(connection, Clean(strip="'\t", unwrap=True, missing=("-", "--")), cells)
    for cell, value in zip(cells, found, strict=True):
        bare = cell.strip("'\t ")
        formula = re.fullmatch(r'="?([^"]*)"?', bare)
        bare = formula[1].strip("'\t ") if formula else bare
        assert value == (None if bare in ("", "-", "--") else bare)


@QUICK
@given(cells=CELLS)
def test_without_clean_only_empty_cells_change(connection: psycopg.Connection, cells: list[str]) -> None:
    assert cleaned(connection, Clean(), cells) == [cell or None for cell in cells]


AMOUNTS = st.tuples(
    st.decimals(min_value=-10**12, max_value=10**12, places=2), st.booleans(),
    st.sampled_from(["", "¥", "￥", "$", "¥ "]), st.sampled_from(["", "元", " 元"]),
)


@QUICK
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=30))
def test_amounts_are_numbers_as_people_write_them(connection: psycopg.Connection, amounts: list[tuple]) -> None:
    cells = []
    for value, commas, mark, unit in amounts:
        sign, digits = ("-", str(value)[1:]) if value.is_signed() else ("", str(value))
        cells.append(sign + mark + (f"{Decimal(digits):,.2f}" if commas else digits) + unit)
    assert ask(connection, "pg_temp.number(cell)", cells) == [value for value, *_ in amounts]


@QUICK
@given(cells=CELLS)
def test_what_is_no_amount_is_null(connection: psycopg.Connection, cells: list[str]) -> None:
    for cell, value in zip(cells, ask(connection, "pg_temp.number(cell)", cells), strict=True):
        bare = re.sub(r" ?元\Z", "", re.sub(r"\A(-?)¥ ?", r"\1", cell))
        is_amount = re.fullmatch(r"-?(\d{1,18}|\d{1,3}(,\d{3}){1,5})([.]\d{1,18})?", bare) is not None
        assert (value is not None) == is_amount, cell


@pytest.mark.parametrize("cell", ["10,00", "1,2345", "1.234,50", "1e3", "12 00", "--5", "", "元", "十", "1元2"])
def test_a_cell_that_only_looks_like_an_amount_stays_none(connection: psycopg.Connection, cell: str) -> None:
    assert ask(connection, "pg_temp.number(cell)", [cell]) == [None]


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
def test_instants_with_and_without_offset(connection: psycopg.Connection, cell: str, instant: str | None) -> None:
    assert ask(connection, "pg_temp.instant(cell)::text", [cell]) == [instant]


def test_a_pseudonym_hides_the_name_and_depends_on_the_key(connection: psycopg.Connection) -> None:
    one, again, other, nobody = ask(connection, "pg_temp.pseudonym('tb', cell)", ["小熊家", "小熊家", "白露", None])
    assert one == again != other
    assert re.fullmatch("tb_[0-9a-f]{32}", one)
    assert nobody is None
    connection.execute("select set_config('userops.pseudonym_key', 'another', true)")
    assert ask(connection, "pg_temp.pseudonym('tb', cell)", ["小熊家"]) != [one]


@pytest.mark.parametrize("call", ["pg_temp.number(cell)", "pg_temp.instant(cell)"])
def test_the_functions_are_put_into_the_query(connection: psycopg.Connection, call: str) -> None:
    plan = connection.execute(
        f"explain (verbose) select {call} from (select nullif(btrim(x, E' \t'), '-') as cell"
        " from unnest(array['1', '2']) as given (x) offset 0) as cleaned"
    ).fetchall()
    assert not any("pg_temp" in line or "number(" in line for (line,) in plan)


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
    rules = ProfileExport(select="select _row, z as sku from staged")
    assert mapping._needed(layout, rules) == (["a", "b"], [["x", "y"], ["z"]])
    assert mapping._needed(layout, ProfileExport(select="select _row, d from staged")) == (["d"], [])


def apply(connection: psycopg.Connection, select: str, cells: list[str], **rules: object) -> tuple[Staged, list[tuple]]:
    export = ProfileExport(select=select, **rules)
    layout = Layout(files=("shop*.csv",), header={"Cell": "cell"}, exports={"contacts": export}, profile="shop")
    source = Source("shop1.csv", "", "contacts", "csv", "", layout)
    staged = Staged(len(cells), [])
    with connection.transaction(force_rollback=True):
        connection.execute("create temp table delivered (cell text, _row bigint)")
        connection.execute(
            "insert into delivered select * from unnest(%s::text[]) with ordinality as given (cell, place)", [cells]
        )
        mapping.apply_layout(connection, NIGHT, source, "contacts", ({"cell"}, {"Cell"}), staged)
        return staged, connection.execute("select * from stage order by _row, 2").fetchall()


def test_sql_that_does_not_run_names_profile_and_export(connection: psycopg.Connection) -> None:
    for select in ("select _row, cel as contact_id from staged", "select _row, from staged, x"):
        with pytest.raises(UseropsError, match="platforms/shop.yml, contacts: its SQL does not run: .*fix the"):
            apply(connection, select, ["a"], row_per_line=True)


def test_a_cell_that_the_sql_cannot_read_refuses_the_file_and_is_not_shown(connection: psycopg.Connection) -> None:
    with pytest.raises(Refused) as refused:
        apply(connection, "select _row, cell::numeric::text as contact_id from staged", ["13800138000x"])
    assert "13800138000" not in f"{refused.value.observed} {refused.value.expected} {refused.value.fix}"
    assert "pg_temp.number" in refused.value.fix


SPLIT = "select _row, part as contact_id from kept cross join unnest(string_to_array(cell, ';')) as given (part)"


def test_split_lines_count_what_became_of_every_source_row(connection: psycopg.Connection) -> None:
    aside = (SetAside(when="cell = 'x'", reason="no row"),)
    staged, rows = apply(connection, SPLIT, ["a;b", "x", "c"], split_lines=True, set_aside=aside)
    assert rows == [(1, "a"), (1, "b"), (3, "c")]
    assert (staged.rows, staged.set_aside) == (4, [(2, "no row")])


def test_a_source_row_that_gives_no_row_refuses_the_file(connection: psycopg.Connection) -> None:
    with pytest.raises(Refused, match="1 of 2 rows gave no row of the export"):
        apply(connection, SPLIT + " where part <> 'b'", ["a", "b"], split_lines=True)


def test_too_many_rows_set_aside_refuse_the_file(connection: psycopg.Connection) -> None:
    aside = (SetAside(when="cell = 'x'", reason="no row"),)
    with pytest.raises(Refused, match="2 of 3 rows set aside"):
        apply(connection, "select _row, cell as contact_id from staged", ["x", "x", "a"], row_per_line=True,
              set_aside=aside, max_set_aside_share=0.5)
