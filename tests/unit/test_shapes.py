"""Values of texts: what has the shape of a type and is one gets its value, everything else none."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.contracts.model import Column
from userops.ingest import shapes
from userops.ingest.clock import GAP, TWICE, Clock
from userops.ingest.row_validation import PERSONAL, PERSONAL_HAS

DAY = date(2026, 3, 2)
_DAY = (
    "([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|([12][0-9](0[48]|[2468][048]|[13579][26])|(1200|1600|2000|2400|2800))-02-29)"
)
# What a contract takes, said once more: years 1000 to 2999, days that exist, offsets below sixteen hours.
ACCEPTED = {
    "date": _DAY,
    "timestamptz": (
        f"{_DAY}[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{{1,9}})?)?"
        "(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?"
    ),
    "numeric": "[+-]?[0-9]{1,18}([.][0-9]{1,18})?([eE][+-]?[0-9]{1,2})?",
    "integer": "[+-]?[0-9]{1,9}",
    "bigint": "[+-]?[0-9]{1,18}",
    "boolean": "([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[tf01])",
}
# Letters of values, and what looks like them: a long dash, a wide digit, an Arabic one, ends of lines.
LETTERS = st.text(alphabet="0123456789012-:+. TZeE_tf\n–３٣", max_size=32)
# Texts one letter away from valid ones are nearest to the border.
NEAR = st.one_of([st.from_regex(shape, fullmatch=True) for shape in ACCEPTED.values()])
CHANGED = st.tuples(NEAR, st.integers(0, 32), st.sampled_from(["", *"0123459-:+. TZeE_x\n３"])).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
)
CELLS = st.lists(st.one_of(LETTERS, NEAR, CHANGED), min_size=30, max_size=60)
WIDE = Context(prec=200, rounding=ROUND_HALF_UP)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("set timezone = 'UTC'")
        yield opened


def values(
    database: duckdb.DuckDBPyConnection, kind: str, cells: list[str | None], clock: Clock, day: date = DAY,
    scale: int = 2,
) -> list[object]:  # fmt: skip
    column = Column(name="cell", type=kind, description="", scale=scale)
    clock.register(database, day)
    database.register("given", pa.table({"cell": pa.array(cells, pa.string()), "place": range(len(cells))}))
    return [row[0] for row in database.execute(
        f"select {shapes.value(column, clock, day)} from given order by place"
    ).fetchall()]


SHANGHAI, LONDON, NEW_YORK = Clock("Asia/Shanghai"), Clock("Europe/London"), Clock("America/New_York")


@pytest.mark.parametrize("kind", ACCEPTED)
@given(cells=CELLS)
def test_a_text_has_a_value_if_and_only_if_it_is_one(database, kind: str, cells: list[str]) -> None:
    cells = [cell.replace("\0", "") for cell in cells]
    for cell, value in zip(cells, values(database, kind, cells, SHANGHAI, scale=4), strict=True):
        accepted = re.fullmatch(ACCEPTED[kind], cell) is not None
        if kind == "numeric" and accepted:
            accepted = abs(WIDE.quantize(WIDE.create_decimal(cell), Decimal("0.0001"))) < 10**14
        assert (value is not None) == accepted, cell


def test_an_empty_cell_has_no_value(database) -> None:
    assert [values(database, kind, [None], SHANGHAI) for kind in ACCEPTED] == [[None]] * len(ACCEPTED)


@pytest.mark.parametrize("clock", [SHANGHAI, LONDON, NEW_YORK], ids=lambda clock: clock.timezone)
@given(times=st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2037, 1, 1)), min_size=20, max_size=60))
def test_local_times_are_of_the_business_zone(database, clock: Clock, times: list[datetime]) -> None:
    zone = ZoneInfo(clock.timezone)
    times = [time.replace(microsecond=0) for time in times]
    found = values(database, "timestamptz", [time.isoformat(" ") for time in times], clock)
    for time, value in zip(times, found, strict=True):
        first, second = (time.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first != second and 2006 <= time.year <= 2026:
            assert value is None, time
        else:
            # An hour that exists twice is the later one, an hour that does not is read with the offset before.
            assert value.astimezone(UTC) == max(first, second), time


@pytest.mark.parametrize(
    ("clock", "cell", "problem"),
    [
        (LONDON, "2025-03-30 01:30:00", GAP), (LONDON, "2025-10-26 01:30:00", TWICE),
        (LONDON, "2025-03-30 00:59:59", None), (LONDON, "2025-03-30 02:00:00", None),
        (LONDON, "2025-10-26 00:59:59", None), (LONDON, "2025-10-26 02:00:00", None),
        (NEW_YORK, "2026-03-08 02:30:00", GAP), (NEW_YORK, "2025-11-02 01:30:00", TWICE),
        (LONDON, "1999-03-28 01:30:00", None), (SHANGHAI, "1986-05-04 02:30:00", None),
    ],
)  # fmt: skip
def test_hours_of_clock_changes(database, clock: Clock, cell: str, problem: str | None) -> None:
    (value,) = values(database, "timestamptz", [cell], clock)
    assert (value is None) == (problem is not None)
    asked = f"select {clock.problem('cell', DAY)} from (select '{cell}' as cell)"
    assert database.execute(asked).fetchall()[0][0] == problem


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-03-02T10:00:00+08:00", "2026-03-02T02:00:00"), ("2026-03-02 10:00-0330", "2026-03-02T13:30:00"),
        ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00"), ("2026-03-02 10:00", "2026-03-02T02:00:00"),
        ("2026-03-02 10:00:00.5", "2026-03-02T02:00:00.500000"), ("2026-03-02T10:00:00+15:59", "2026-03-01T18:01:00"),
        ("1900-01-01 00:00:00", "1899-12-31T15:54:17"), ("2999-12-31 00:00:00", "2999-12-30T16:00:00"),
    ],
)  # fmt: skip
def test_instants(database, cell: str, instant: str) -> None:
    (value,) = values(database, "timestamptz", [cell], SHANGHAI)
    assert value.astimezone(UTC).replace(tzinfo=None) == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1.005", "1.01"), ("-1.005", "-1.01"), ("1.0049999", "1.00"), ("1e2", "100.00"), ("0", "0.00"), ("+5", "5.00"),
     ("100000000000000000E-5", "1000000000000.00")],
)
def test_decimals_are_rounded_half_up_to_the_contracts_scale(database, cell: str, value: str) -> None:
    assert values(database, "numeric", [cell], SHANGHAI) == [Decimal(value)]


def test_a_day_before_and_after_a_clock_change_has_its_own_offset(database) -> None:
    times = ["2025-03-29T12:00:00", "2025-03-31T12:00:00", "2020-07-01T12:00:00", "2030-07-01T12:00:00"]
    found = values(database, "timestamptz", times, LONDON, date(2025, 3, 30))
    assert [value.astimezone(UTC).hour for value in found] == [12, 11, 11, 11]
    assert found[0].astimezone(UTC) - datetime(2025, 3, 29, 12, tzinfo=UTC) == timedelta()


@given(text=st.from_regex(PERSONAL))
def test_personal_data_has_what_is_looked_for_first(text: str) -> None:
    assert re.search(PERSONAL_HAS, text)
